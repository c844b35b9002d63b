package sqs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// ReceiveMessage: long polling waits in the core and is woken by whatever makes a
// message visible; a client that goes away loses nothing. An explicit
// WaitTimeSeconds of 0 overrides the queue's, VisibilityTimeout may be 0. Whether the
// caller may receive is asked again after it has waited: a user who is deleted
// meanwhile gets nothing, and what came is as if it had never been handed out.
// AttributeNames and MessageSystemAttributeNames are the same thing.

// maxReceive is what one message may have in the core to be received here: the
// longest that SQS takes, and room for the data types of its attributes and for
// the fields of other doors.
const maxReceive = maxMessage + 64<<10

func (s *Service) receiveMessage(ctx context.Context, c *awsapi.Call, in *sqsapi.ReceiveMessageInput) (*sqsapi.ReceiveMessageOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Read)
	if err != nil {
		return nil, err
	}
	o, err := receiveOptions(t, in)
	if err != nil {
		return nil, err
	}
	w, err := wants(in)
	if err != nil {
		return nil, err
	}
	ds, err := t.Receive(ctx, o)
	if err != nil {
		return nil, refusal(err)
	}
	if len(ds) > 0 && o.Wait > 0 {
		if _, err := s.queueOf(c, in.QueueUrl.V, core.Read); err != nil {
			t.Unreceive(ds)
			return nil, err
		}
	}
	out := &sqsapi.ReceiveMessageOutput{}
	for i := range ds {
		out.Messages = append(out.Messages, s.render(c, t, &ds[i], w))
	}
	return out, nil
}

func receiveOptions(t *target, in *sqsapi.ReceiveMessageInput) (o core.ReceiveOptions, err error) {
	set := t.settings()
	most := in.MaxNumberOfMessages.Or(1)
	wait := in.WaitTimeSeconds.Or(int32(set.number(sqsapi.QueueAttributeNameReceiveMessageWaitTimeSeconds)))
	lease := in.VisibilityTimeout.Or(int32(set.number(sqsapi.QueueAttributeNameVisibilityTimeout)))
	attempt := in.ReceiveRequestAttemptId
	switch {
	case most < 1 || most > maxBatch:
		return o, invalid(strconv.Itoa(int(most)), "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
	case wait < 0 || wait > maxWait:
		return o, invalid(strconv.Itoa(int(wait)), "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
	case badVisibility(lease):
		return o, visibilityError(lease)
	case attempt.Ok && !t.fifo():
		return o, invalid(clip(attempt.V), "ReceiveRequestAttemptId", wrongType)
	case attempt.Ok && !isGroupID(attempt.V):
		return o, badGroupID("ReceiveRequestAttemptId", attempt.V)
	}
	return core.ReceiveOptions{
		Max: int(most), Wait: time.Duration(wait) * time.Second, Lease: time.Duration(lease) * time.Second,
		MaxBytes: maxReceive, AttemptID: attempt.V,
	}, nil
}

func badVisibility(v int32) bool { return v < 0 || v > maxVisibility }

func visibilityError(v int32) error {
	return invalid(strconv.Itoa(int(v)), "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.")
}

var systemNames = []string{
	sqsapi.MessageSystemAttributeNameAll, sqsapi.MessageSystemAttributeNameSenderId, sqsapi.MessageSystemAttributeNameSentTimestamp,
	sqsapi.MessageSystemAttributeNameApproximateReceiveCount, sqsapi.MessageSystemAttributeNameApproximateFirstReceiveTimestamp,
	sqsapi.MessageSystemAttributeNameSequenceNumber, sqsapi.MessageSystemAttributeNameMessageDeduplicationId,
	sqsapi.MessageSystemAttributeNameMessageGroupId, sqsapi.MessageSystemAttributeNameAWSTraceHeader,
	sqsapi.MessageSystemAttributeNameDeadLetterQueueSourceArn,
}

// wants reads which attributes are asked for. AttributeNames may also hold names
// of queue attributes, which clients of old send: they give nothing.
func wants(in *sqsapi.ReceiveMessageInput) (*wanted, error) {
	for _, name := range in.AttributeNames {
		if _, queues := attributeTable[name]; !queues && !slices.Contains(systemNames, name) {
			return nil, unknownAttribute(name)
		}
	}
	for _, name := range in.MessageSystemAttributeNames {
		if !slices.Contains(systemNames, name) {
			return nil, wire.InvalidParameterValue.Newf("Unknown Attribute %s.", clip(name))
		}
	}
	return &wanted{system: slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames), user: in.MessageAttributeNames}, nil
}
