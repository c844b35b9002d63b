package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// GetQueueUrl: takes a queue's name as SQS spells it, and its real name too.

func (s *Service) getQueueURL(_ context.Context, c *awsapi.Call, in *sqsapi.GetQueueUrlInput) (*sqsapi.GetQueueUrlOutput, error) {
	t, err := s.find(c, awsapi.QueueRef{Account: in.QueueOwnerAWSAccountId.V, Name: in.QueueName.V}, 0)
	if err != nil {
		return nil, err
	}
	owner := *c
	if in.QueueOwnerAWSAccountId.V != "" {
		owner.Account = in.QueueOwnerAWSAccountId.V
	}
	return &sqsapi.GetQueueUrlOutput{QueueUrl: wire.Some(owner.QueueURL(t.shown))}, nil
}
