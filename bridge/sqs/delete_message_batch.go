package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// DeleteMessageBatch: 1 to 10 entries, one group commit; each fails alone.

func (s *Service) deleteMessageBatch(ctx context.Context, c *awsapi.Call, in *sqsapi.DeleteMessageBatchInput) (*sqsapi.DeleteMessageBatchOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Read)
	if err != nil {
		return nil, err
	}
	const entry = "DeleteMessageBatchRequestEntry"
	if err := checkBatch(entry, len(in.Entries), func(i int) wire.String { return in.Entries[i].Id }); err != nil {
		return nil, err
	}
	results := make([]error, len(in.Entries))
	var rs []core.Receipt
	var of []int // of[j] is the entry of rs[j]
	for i, e := range in.Entries {
		if e.ReceiptHandle.V == "" {
			return nil, missing(entry, i, "ReceiptHandle")
		}
		r, err := parseReceipt(t.Name(), e.ReceiptHandle.V)
		if err != nil {
			results[i] = err
			continue
		}
		rs, of = append(rs, r), append(of, i)
	}
	errs, err := t.Settle(ctx, core.Ack, rs...)
	if err != nil {
		return nil, refusal(err)
	}
	for j, err := range errs {
		results[of[j]] = t.deleted(err, in.Entries[of[j]].ReceiptHandle.V)
	}
	out := &sqsapi.DeleteMessageBatchOutput{}
	for i, err := range results {
		id := in.Entries[i].Id
		if err == nil {
			out.Successful = append(out.Successful, sqsapi.DeleteMessageBatchResultEntry{Id: id})
			continue
		}
		f, err := failed(id, err)
		if err != nil {
			return nil, err
		}
		out.Failed = append(out.Failed, f)
	}
	return out, nil
}
