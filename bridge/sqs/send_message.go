package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// SendMessage: on stable storage when it is answered. A duplicate within five
// minutes is answered with the original's MessageId and SequenceNumber.

func (s *Service) sendMessage(ctx context.Context, c *awsapi.Call, in *sqsapi.SendMessageInput) (*sqsapi.SendMessageOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Write)
	if err != nil {
		return nil, err
	}
	m := outgoing{
		body: in.MessageBody.V, delay: in.DelaySeconds, attrs: in.MessageAttributes, system: in.MessageSystemAttributes,
		dedup: in.MessageDeduplicationId, group: in.MessageGroupId,
	}
	if err := m.check(t); err != nil {
		return nil, err
	}
	o, err := t.ns.Publish(ctx, m.publication(t, c.Principal))
	if err != nil {
		return nil, refusal(err)
	}
	sums := m.sums()
	return &sqsapi.SendMessageOutput{
		MessageId: wire.Some(o.ID.String()), SequenceNumber: sequenceNumber(o.Sequence),
		MD5OfMessageBody: sums.body, MD5OfMessageAttributes: sums.attrs, MD5OfMessageSystemAttributes: sums.system,
	}, nil
}
