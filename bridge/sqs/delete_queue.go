package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// DeleteQueue: with all its messages, subscriptions and bindings. Done when it is
// answered, where AWS takes up to 60 seconds.

func (s *Service) deleteQueue(_ context.Context, c *awsapi.Call, in *sqsapi.DeleteQueueInput) (*sqsapi.DeleteQueueOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Configure)
	if err != nil {
		return nil, err
	}
	return nil, refusal(t.ns.DeleteQueue(t.Name()))
}
