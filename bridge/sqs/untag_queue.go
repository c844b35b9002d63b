package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// UntagQueue: keys that are not there do not matter.

func (s *Service) untagQueue(_ context.Context, c *awsapi.Call, in *sqsapi.UntagQueueInput) (*sqsapi.UntagQueueOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Configure)
	if err != nil {
		return nil, err
	}
	return nil, refusal(t.Update(func(o *core.QueueOptions) error {
		for _, k := range in.TagKeys {
			if k != tagMove {
				delete(o.Tags, k)
			}
		}
		return nil
	}))
}
