package sns

import (
	"context"
	"errors"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// PublishBatch: 1 to 10 entries, together no larger than a message may be. An entry that is wrong fails
// alone.

const maxBatch = 10

func (s *Service) publishBatch(ctx context.Context, c *awsapi.Call, in *snsapi.PublishBatchInput) (*snsapi.PublishBatchOutput, error) {
	t, err := s.topicFor(c, in.TopicArn.V, core.Write)
	if err != nil {
		return nil, err
	}
	ms, err := batchOf(t, in.PublishBatchRequestEntries)
	if err != nil {
		return nil, err
	}
	for i := range ms {
		if err := ms[i].checkOrderable(t); err != nil {
			return nil, err // of the batch, as AWS does
		}
	}
	out := &snsapi.PublishBatchOutput{}
	var pubs []*core.Publication
	var sent []wire.String // ids, of pubs
	for i := range ms {
		id := in.PublishBatchRequestEntries[i].Id
		if err := ms[i].check(t); err != nil {
			out.Failed = append(out.Failed, failed(id, err))
			continue
		}
		pubs, sent = append(pubs, ms[i].publication(t, c.Principal)), append(sent, id)
	}
	outcomes, err := awsapi.PublishAll(ctx, t.ns, pubs)
	if err != nil {
		return nil, err
	}
	for j, o := range outcomes {
		if o.Err != nil {
			err := refusal(o.Err)
			if e := (*awsapi.Error)(nil); !errors.As(err, &e) {
				return nil, err // ours: the edge logs it
			}
			out.Failed = append(out.Failed, failed(sent[j], err))
			continue
		}
		out.Successful = append(out.Successful, snsapi.PublishBatchResultEntry{Id: sent[j], MessageId: wire.Some(o.ID.String()), SequenceNumber: sequenceOf(t, o)})
	}
	return out, nil
}

// batchOf checks a batch as a whole.
func batchOf(t *target, entries []snsapi.PublishBatchRequestEntry) ([]outgoing, error) {
	switch {
	case len(entries) == 0:
		return nil, snsapi.EmptyBatchRequestException.New("The batch request doesn't contain any entries.")
	case len(entries) > maxBatch:
		return nil, snsapi.TooManyEntriesInBatchRequestException.New("The batch request contains more entries than permissible.")
	}
	seen, total := map[string]bool{}, 0
	ms := make([]outgoing, len(entries))
	for i := range entries {
		e := &entries[i]
		if err := checkBatchID(e.Id.V); err != nil {
			return nil, err
		}
		if seen[e.Id.V] {
			return nil, snsapi.BatchEntryIdsNotDistinctException.New("Two or more batch entries in the request have the same Id.")
		}
		seen[e.Id.V] = true
		ms[i] = outgoing{
			message: e.Message, subject: e.Subject, structure: e.MessageStructure, attrs: e.MessageAttributes,
			dedup: e.MessageDeduplicationId, group: e.MessageGroupId,
		}
		total += ms[i].size()
	}
	if total > t.maxMessage() {
		return nil, snsapi.BatchRequestTooLongException.New("The length of all the messages put together is more than the limit.")
	}
	return ms, nil
}

func checkBatchID(id string) error {
	switch {
	case len(id) > awsapi.MaxQueueName:
		return snsapi.InvalidBatchEntryIdException.New("The Id of a batch entry in the batch request is too long: " + id[:min(len(id), 256)])
	case !awsapi.IsQueueName(id), strings.Contains(id, "."):
		return snsapi.InvalidBatchEntryIdException.New("The Id of a batch entry in the batch request contains an impermissible character: " + id)
	}
	return nil
}

// failed is one entry's error.
func failed(id wire.String, err error) snsapi.BatchResultErrorEntry {
	out := snsapi.BatchResultErrorEntry{Id: id, SenderFault: wire.Some(true)}
	var e *awsapi.Error
	if errors.As(err, &e) {
		out.Code, out.Message, out.SenderFault = wire.Some(e.Type.QueryCode), wire.Some(e.Message), wire.Some(!e.Type.Receiver)
	}
	return out
}
