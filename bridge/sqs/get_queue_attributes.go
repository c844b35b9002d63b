package sqs

import (
	"context"
	"slices"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
)

// GetQueueAttributes: no name asked for, none given.

func (s *Service) getQueueAttributes(_ context.Context, c *awsapi.Call, in *sqsapi.GetQueueAttributesInput) (*sqsapi.GetQueueAttributesOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, 0)
	if err != nil {
		return nil, err
	}
	for _, name := range in.AttributeNames {
		if _, ok := attributeTable[name]; !ok && name != sqsapi.QueueAttributeNameAll {
			return nil, unknownAttribute(name)
		}
	}
	all := s.shownAttributes(c, t)
	if slices.Contains(in.AttributeNames, sqsapi.QueueAttributeNameAll) {
		return &sqsapi.GetQueueAttributesOutput{Attributes: all}, nil
	}
	var some awsapi.Map[string]
	for _, e := range all {
		if slices.Contains(in.AttributeNames, e.Key) {
			some = append(some, e)
		}
	}
	return &sqsapi.GetQueueAttributesOutput{Attributes: some}, nil
}
