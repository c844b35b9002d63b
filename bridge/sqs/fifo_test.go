package sqs_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func (s *server) fifo(name string, attrs ...string) *string {
	s.Helper()
	m := map[string]string{"FifoQueue": "true"}
	for _, a := range attrs {
		k, v, _ := strings.Cut(a, "=")
		m[k] = v
	}
	return s.create(name+".fifo", m)
}

// TestFIFOGroups: order in a group; several of one group in one receive, and then
// the group is locked until all are deleted or visible.
func TestFIFOGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.fifo("q")
		last := ""
		for i := range 6 {
			group := fmt.Sprintf("g%d", i/3)
			out := s.send(url, fmt.Sprint(i), grouped(group, fmt.Sprint(i)))
			if len(*out.SequenceNumber) != 20 || *out.SequenceNumber <= last {
				s.Errorf("sequence %s after %s", *out.SequenceNumber, last)
			}
			last = *out.SequenceNumber
		}
		two := func(in *sdk.ReceiveMessageInput) { in.MaxNumberOfMessages = 2 }
		a := s.receive(url, two)
		if bodies(a) != "0 1" || a[0].Attributes["MessageGroupId"] != "g0" || a[0].Attributes["MessageDeduplicationId"] != "0" {
			s.Fatalf("%q %v", bodies(a), a[0].Attributes)
		}
		b := s.receive(url, two)
		if bodies(b) != "3 4" {
			s.Fatalf("the next group: %q", bodies(b))
		}
		if c := s.receive(url); len(c) != 0 {
			s.Errorf("of locked groups: %q", bodies(c))
		}
		s.delete(url, a[0])
		if c := s.receive(url); len(c) != 0 {
			s.Errorf("one of two deleted: %q", bodies(c))
		}
		s.change(url, a[1], 0)
		if c := s.receive(url); bodies(c) != "1 2" {
			s.Errorf("in the old order: %q", bodies(c))
		}
		time.Sleep(31 * time.Second)
		if c := s.receive(url); bodies(c) != "1 2 3 4 5" {
			s.Errorf("after all timed out: %q", bodies(c))
		}
	})
}

func TestFIFODeduplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.fifo("q", "ContentBasedDeduplication=true")
		first := s.send(url, "same", grouped("g", ""))
		m := s.receive(url)[0]
		if len(m.Attributes["MessageDeduplicationId"]) != 64 {
			s.Errorf("%v", m.Attributes)
		}
		s.delete(url, m)
		again := s.send(url, "same", grouped("other", "")) // counts after delete, and across groups
		if *again.MessageId != *first.MessageId || *again.SequenceNumber != *first.SequenceNumber {
			s.Error("a duplicate got an id of its own")
		}
		byID := s.send(url, "same", grouped("g", "explicit"))
		if *byID.MessageId == *first.MessageId {
			s.Error("an explicit id is another message")
		}
		if got := bodies(s.receive(url)); got != "same" {
			s.Errorf("%q", got)
		}
		time.Sleep(5*time.Minute + time.Second)
		if late := s.send(url, "same", grouped("h", "")); *late.MessageId == *first.MessageId {
			s.Error("after five minutes it is a new message")
		}
		per := s.fifo("per", "DeduplicationScope=messageGroup", "FifoThroughputLimit=perMessageGroupId")
		x, y := s.send(per, "m", grouped("x", "1")), s.send(per, "m", grouped("y", "1"))
		if *x.MessageId == *y.MessageId {
			s.Error("scope messageGroup")
		}
	})
}

// TestFIFOHandles: an expired handle is an error, one of a deleted message is not.
func TestFIFOHandles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.fifo("q", "VisibilityTimeout=5")
		s.send(url, "m", grouped("g", "1"))
		old := s.receive(url)[0]
		time.Sleep(6 * time.Second)
		want := fmt.Sprintf("InvalidParameterValue: Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", *old.ReceiptHandle)
		_, err := s.client.DeleteMessage(s.Context(), &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: old.ReceiptHandle})
		if code(err) != want {
			s.Error(code(err))
		}
		_, err = s.client.ChangeMessageVisibility(s.Context(), &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: old.ReceiptHandle})
		if code(err) != want {
			s.Error(code(err))
		}
		m := s.receive(url)[0]
		s.delete(url, m)
		s.delete(url, m)
	})
}

func TestReceiveAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.fifo("q")
		for i := range 3 {
			s.send(url, fmt.Sprint(i), grouped("g", fmt.Sprint(i)))
		}
		attempt := func(in *sdk.ReceiveMessageInput) {
			in.ReceiveRequestAttemptId, in.MaxNumberOfMessages = aws.String("a"), 2
		}
		a, b := s.receive(url, attempt), s.receive(url, attempt)
		if bodies(a) != "0 1" || bodies(b) != bodies(a) || *a[0].ReceiptHandle != *b[0].ReceiptHandle {
			s.Errorf("%q then %q", bodies(a), bodies(b))
		}
		s.delete(url, a[0])
		if c := s.receive(url, attempt); len(c) != 0 {
			s.Errorf("after a delete: %q", bodies(c))
		}
	})
}

// TestFIFOBatch: order within a batch, and an entry that is wrong fails alone.
func TestFIFOBatch(t *testing.T) {
	s := serve(t)
	url := s.fifo("q")
	var es []types.SendMessageBatchRequestEntry
	for i := range 10 {
		e := types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(fmt.Sprint(i)),
			MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String(fmt.Sprint(i))}
		switch i {
		case 3:
			e.MessageGroupId = aws.String("no spaces")
		case 5:
			e.MessageDeduplicationId = aws.String("0")
		case 7:
			e.DelaySeconds = 2
		}
		es = append(es, e)
	}
	out := must(s.client.SendMessageBatch(t.Context(), &sdk.SendMessageBatchInput{QueueUrl: url, Entries: es}))(t)
	if len(out.Failed) != 2 || *out.Failed[0].Code != "InvalidParameterValue" || *out.Failed[1].Code != "InvalidParameterValue" {
		t.Errorf("%+v", out.Failed)
	}
	if *out.Successful[4].MessageId != *out.Successful[0].MessageId {
		t.Error("the duplicate in the batch was not found")
	}
	if got := bodies(s.receive(url)); got != "0 1 2 4 6 8 9" {
		t.Errorf("%q", got)
	}
	es[9].MessageGroupId = nil // as recorded, this is the whole batch's mistake
	if _, err := s.client.SendMessageBatch(t.Context(), &sdk.SendMessageBatchInput{QueueUrl: url, Entries: es}); !strings.HasPrefix(code(err), "InvalidParameterValue") {
		t.Error(err)
	}
}
