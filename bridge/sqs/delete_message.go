package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// DeleteMessage: durable when answered, and idempotent: a handle of a message that
// is gone succeeds. A standard queue takes a handle whose lease is over as long as
// nobody else received the message, and otherwise leaves the message be and
// succeeds (the last handle wins); a FIFO queue tells the client.

func (s *Service) deleteMessage(ctx context.Context, c *awsapi.Call, in *sqsapi.DeleteMessageInput) (*sqsapi.DeleteMessageOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Read)
	if err != nil {
		return nil, err
	}
	r, err := parseReceipt(t.Name(), in.ReceiptHandle.V)
	if err != nil {
		return nil, err
	}
	errs, err := t.Settle(ctx, core.Ack, r)
	if err != nil {
		return nil, refusal(err)
	}
	return nil, t.deleted(errs[0], in.ReceiptHandle.V)
}

// deleted is the answer to how a settlement ended.
func (t *target) deleted(err error, handle string) error {
	switch {
	case err == nil, core.KindOf(err) == core.NotFound, core.KindOf(err) == core.Stale && !t.fifo():
		return nil
	case core.KindOf(err) == core.Stale:
		return expired(handle)
	}
	return refusal(err)
}

func expired(handle string) error {
	return invalid(clip(handle), "ReceiptHandle", "The receipt handle has expired.")
}
