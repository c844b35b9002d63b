package sqs

import (
	"context"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// SendMessageBatch: 1 to 10 entries of 1 MiB together, in order, one group commit.
// An entry that is wrong fails alone; one that has no place in a FIFO queue's order
// fails the batch.

func (s *Service) sendMessageBatch(ctx context.Context, c *awsapi.Call, in *sqsapi.SendMessageBatchInput) (*sqsapi.SendMessageBatchOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Write)
	if err != nil {
		return nil, err
	}
	ms, err := sendEntries(in.Entries)
	if err != nil {
		return nil, err
	}
	if err := orderable(t, ms); err != nil {
		return nil, err
	}
	out := &sqsapi.SendMessageBatchOutput{}
	fail := func(i int, err error) error {
		f, err := failed(in.Entries[i].Id, err)
		out.Failed = append(out.Failed, f)
		return err
	}
	var pubs []*core.Publication
	var sent []int // sent[i] is the entry of pubs[i]
	for i := range ms {
		if err := ms[i].check(t); err != nil {
			if err := fail(i, inBatch(err)); err != nil {
				return nil, err
			}
			continue
		}
		pubs, sent = append(pubs, ms[i].publication(t, c.Principal)), append(sent, i)
	}
	outcomes, err := awsapi.PublishAll(ctx, t.ns, pubs)
	if err != nil {
		return nil, err
	}
	for j, o := range outcomes {
		id, sums := in.Entries[sent[j]].Id, ms[sent[j]].sums()
		if o.Err != nil {
			if err := fail(sent[j], refusal(o.Err)); err != nil {
				return nil, err
			}
			continue
		}
		out.Successful = append(out.Successful, sqsapi.SendMessageBatchResultEntry{
			Id: id, MessageId: wire.Some(o.ID.String()), SequenceNumber: sequenceNumber(o.Sequence),
			MD5OfMessageBody: sums.body, MD5OfMessageAttributes: sums.attrs, MD5OfMessageSystemAttributes: sums.system,
		})
	}
	return out, nil
}

// sendEntries checks a batch as a whole.
func sendEntries(entries []sqsapi.SendMessageBatchRequestEntry) ([]outgoing, error) {
	const entry = "SendMessageBatchRequestEntry"
	if err := checkBatch(entry, len(entries), func(i int) wire.String { return entries[i].Id }); err != nil {
		return nil, err
	}
	ms := make([]outgoing, len(entries))
	total := 0
	for i := range entries {
		e := &entries[i]
		if e.MessageBody.V == "" {
			return nil, missing(entry, i, "MessageBody")
		}
		ms[i] = outgoing{
			body: e.MessageBody.V, delay: e.DelaySeconds, attrs: e.MessageAttributes, system: e.MessageSystemAttributes,
			dedup: e.MessageDeduplicationId, group: e.MessageGroupId,
		}
		total += ms[i].size()
	}
	if total > maxMessage {
		return nil, sqsapi.BatchRequestTooLong.Newf("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, total)
	}
	return ms, nil
}

// inBatch words an entry's error as AWS does in a batch.
func inBatch(err error) error {
	if e, ok := err.(*awsapi.Error); ok && strings.HasPrefix(e.Message, tooLong) { //nolint:errorlint // check wraps nothing
		return e.Type.New(tooLongInBatch + strings.TrimPrefix(e.Message, tooLong))
	}
	return err
}

// orderable checks what AWS checks of a batch for a FIFO queue as a whole.
func orderable(t *target, ms []outgoing) error {
	for i := range ms {
		switch {
		case !t.fifo():
			return nil
		case !ms[i].group.Ok:
			return wire.InvalidParameterValue.New(needsGroup)
		case !ms[i].dedup.Ok && !t.options.DedupContent:
			return wire.InvalidParameterValue.New(needsDedup)
		}
	}
	return nil
}
