package sqs

import (
	"context"
	"strconv"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// ChangeMessageVisibility: from now, 12 hours in all since the message was
// received; 0 makes it visible. Not remembered for the next receive.

func (s *Service) changeMessageVisibility(_ context.Context, c *awsapi.Call, in *sqsapi.ChangeMessageVisibilityInput) (*sqsapi.ChangeMessageVisibilityOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Read)
	if err != nil {
		return nil, err
	}
	return nil, t.changeVisibility(in.ReceiptHandle.V, in.VisibilityTimeout.V)
}

func (t *target) changeVisibility(handle string, seconds int32) error {
	if badVisibility(seconds) {
		return visibilityError(seconds)
	}
	r, err := parseReceipt(t.Name(), handle)
	if err != nil {
		return err
	}
	err = t.ExtendLease(r, time.Duration(seconds)*time.Second)
	switch core.KindOf(err) {
	case core.Stale:
		if t.fifo() {
			return expired(handle)
		}
		return sqsapi.MessageNotInflight.New("The message referred to isn't in flight.")
	case core.NotFound:
		return invalid(clip(handle), "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case core.Invalid:
		return invalid(strconv.Itoa(int(seconds)), "VisibilityTimeout",
			"Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	return refusal(err)
}
