package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// ListDeadLetterSourceQueues: those of every door.

func (s *Service) listDeadLetterSourceQueues(_ context.Context, c *awsapi.Call, in *sqsapi.ListDeadLetterSourceQueuesInput) (*sqsapi.ListDeadLetterSourceQueuesOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, 0)
	if err != nil {
		return nil, err
	}
	dlq := core.QueueAddress(t.Name())
	names := s.listed(t.ns, t.who, func(_ string, q *core.Queue) bool { return q.Options().DeadLetter == dlq })
	urls, next, err := page(c, names, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &sqsapi.ListDeadLetterSourceQueuesOutput{QueueUrls: urls, NextToken: next}, nil
}
