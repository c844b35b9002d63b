package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// ChangeMessageVisibilityBatch: 1 to 10 entries, each fails alone.

func (s *Service) changeMessageVisibilityBatch(_ context.Context, c *awsapi.Call, in *sqsapi.ChangeMessageVisibilityBatchInput) (*sqsapi.ChangeMessageVisibilityBatchOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Read)
	if err != nil {
		return nil, err
	}
	const entry = "ChangeMessageVisibilityBatchRequestEntry"
	if err := checkBatch(entry, len(in.Entries), func(i int) wire.String { return in.Entries[i].Id }); err != nil {
		return nil, err
	}
	out := &sqsapi.ChangeMessageVisibilityBatchOutput{}
	for i, e := range in.Entries {
		switch {
		case e.ReceiptHandle.V == "":
			return nil, missing(entry, i, "ReceiptHandle")
		case !e.VisibilityTimeout.Ok:
			return nil, missing(entry, i, "VisibilityTimeout")
		}
		err := t.changeVisibility(e.ReceiptHandle.V, e.VisibilityTimeout.V)
		if err == nil {
			out.Successful = append(out.Successful, sqsapi.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
			continue
		}
		f, err := failed(e.Id, err)
		if err != nil {
			return nil, err
		}
		out.Failed = append(out.Failed, f)
	}
	return out, nil
}
