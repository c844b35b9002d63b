package sqs

import (
	"context"
	"maps"
	"slices"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
)

// ListQueueTags: with slipway:name where SQS knows the queue by an alias.

func (s *Service) listQueueTags(_ context.Context, c *awsapi.Call, in *sqsapi.ListQueueTagsInput) (*sqsapi.ListQueueTagsOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, 0)
	if err != nil {
		return nil, err
	}
	out := &sqsapi.ListQueueTagsOutput{}
	for _, k := range slices.Sorted(maps.Keys(t.options.Tags)) {
		if k != tagMove {
			out.Tags = append(out.Tags, wireEntry(k, t.options.Tags[k]))
		}
	}
	if t.shown != t.Name() {
		out.Tags = append(out.Tags, wireEntry(tagName, t.Name()))
	}
	return out, nil
}
