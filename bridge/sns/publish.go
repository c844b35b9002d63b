package sns

import (
	"context"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// Publish: to every subscriber of the topic's path, of any door; on stable storage
// when it is answered. TargetArn may be a topic.

func (s *Service) publish(ctx context.Context, c *awsapi.Call, in *snsapi.PublishInput) (*snsapi.PublishOutput, error) {
	arn := in.TopicArn
	switch {
	case in.PhoneNumber.Ok:
		return nil, notYet("PhoneNumber", "SMS")
	case !arn.Ok && !in.TargetArn.Ok:
		return nil, invalid("TopicArn or TargetArn Reason: no value for required parameter")
	case !arn.Ok:
		arn = in.TargetArn
	}
	if !in.TopicArn.Ok && strings.Contains(arn.V, ":endpoint/") {
		return nil, invalid("TargetArn Reason: No endpoint found for the target arn specified")
	}
	t, err := s.topicFor(c, arn.V, core.Write)
	if err != nil {
		return nil, err
	}
	m := outgoing{
		message: in.Message, subject: in.Subject, structure: in.MessageStructure, attrs: in.MessageAttributes,
		dedup: in.MessageDeduplicationId, group: in.MessageGroupId,
	}
	if err := m.check(t); err != nil {
		return nil, err
	}
	o, err := t.ns.Publish(ctx, m.publication(t, c.Principal))
	if err != nil {
		return nil, refusal(err)
	}
	return &snsapi.PublishOutput{MessageId: wire.Some(o.ID.String()), SequenceNumber: sequenceOf(t, o)}, nil
}

// sequenceOf is the number that a FIFO topic gave.
func sequenceOf(t *target, o core.Outcome) wire.String {
	if n := awsapi.SequenceNumber(o.Sequence); n != "" && isFIFO(t.Attributes()) {
		return wire.Some(n)
	}
	return wire.String{}
}
