package sqs

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask. Moving needs
// read on the source and write on where the messages go: the destination, or every
// queue whose dead letters the source takes.

func (s *Service) startMessageMoveTask(_ context.Context, c *awsapi.Call, in *sqsapi.StartMessageMoveTaskInput) (*sqsapi.StartMessageMoveTaskOutput, error) {
	rate := in.MaxNumberOfMessagesPerSecond
	if rate.Ok && (rate.V < 1 || rate.V > maxRate) {
		return nil, invalid(strconv.Itoa(int(rate.V)), "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.")
	}
	source, err := s.byARN(c, "SourceArn", in.SourceArn.V, core.Read, c.Operation)
	if err != nil {
		return nil, err
	}
	feeders := s.feeders(source)
	if len(feeders) == 0 {
		return nil, wire.InvalidParameterValue.New("Source queue must be configured as a Dead Letter Queue.")
	}
	m := &move{
		source: source.Queue, sourceARN: strings.Clone(in.SourceArn.V), destination: strings.Clone(in.DestinationArn.V), rate: int(rate.V),
		toMove: source.Counts().Ready, started: source.ns.Broker().Now(),
	}
	if m.destination != "" {
		to, err := s.byARN(c, "DestinationArn", m.destination, core.Write, "SendMessage")
		if err != nil {
			return nil, err
		}
		if to.ns != source.ns || to.fifo() != source.fifo() || to.Queue == source.Queue {
			return nil, wire.InvalidParameterValue.New("The destination must be another queue of the same type, account and region as the source.")
		}
		m.to = to.Name()
	} else {
		for _, q := range feeders {
			if !source.who.MayQueue(core.Write, q.Name()) {
				return nil, denied("messages would go to a queue that the user may not write to")
			}
		}
	}
	m.id, m.handle = newTaskHandle(m.sourceARN)
	switch ok, err := s.moves.begin(m); {
	case err != nil:
		return nil, refusal(err)
	case !ok:
		return nil, wire.InvalidParameterValue.New("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	return &sqsapi.StartMessageMoveTaskOutput{TaskHandle: wire.Some(m.handle)}, nil
}

func (s *Service) listMessageMoveTasks(_ context.Context, c *awsapi.Call, in *sqsapi.ListMessageMoveTasksInput) (*sqsapi.ListMessageMoveTasksOutput, error) {
	most := in.MaxResults.Or(1)
	if most < 1 || most > maxTasks {
		return nil, invalid(strconv.Itoa(int(most)), "MaxResults", "Must be between 1 and 10, if provided.")
	}
	source, err := s.byARN(c, "SourceArn", in.SourceArn.V, 0, c.Operation)
	if err != nil {
		return nil, err
	}
	out := &sqsapi.ListMessageMoveTasksOutput{}
	for _, m := range s.moves.of(source.Queue) {
		if len(out.Results) < int(most) {
			out.Results = append(out.Results, m.shown())
		}
	}
	return out, nil
}

// shown is the task as it stands. Only a running one shows its handle: only that
// can be cancelled.
func (m *move) shown() sqsapi.ListMessageMoveTasksResultEntry {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := sqsapi.ListMessageMoveTasksResultEntry{
		Status: wire.Some(m.status), SourceArn: wire.Some(m.sourceARN), StartedTimestamp: wire.Some(m.started),
		ApproximateNumberOfMessagesMoved: wire.Some(m.moved), ApproximateNumberOfMessagesToMove: wire.Some(max(m.toMove, m.moved)),
	}
	if m.status == taskRunning {
		e.TaskHandle = wire.Some(m.handle)
	}
	if m.destination != "" {
		e.DestinationArn = wire.Some(m.destination)
	}
	if m.rate > 0 {
		e.MaxNumberOfMessagesPerSecond = wire.Some(int32(m.rate))
	}
	if m.reason != "" {
		e.FailureReason = wire.Some(m.reason)
	}
	return e
}

func (s *Service) cancelMessageMoveTask(_ context.Context, c *awsapi.Call, in *sqsapi.CancelMessageMoveTaskInput) (*sqsapi.CancelMessageMoveTaskOutput, error) {
	h, ok := parseTaskHandle(in.TaskHandle.V)
	if !ok {
		return nil, wire.InvalidParameterValue.New("Value for parameter TaskHandle is invalid.")
	}
	source, err := s.byARN(c, "SourceArn", h.SourceARN, core.Read, c.Operation)
	if err != nil {
		return nil, err
	}
	for _, m := range s.moves.of(source.Queue) {
		if m.id != h.TaskID {
			continue
		}
		if moved, running := m.abort(); running {
			return &sqsapi.CancelMessageMoveTaskOutput{ApproximateNumberOfMessagesMoved: wire.Some(moved)}, nil
		}
		break
	}
	return nil, sqsapi.ResourceNotFoundException.New("Task does not exist.")
}

// byARN resolves a queue's ARN for a permission on it; action is what its policy
// is asked about.
func (s *Service) byARN(c *awsapi.Call, parameter, text string, may core.Action, action string) (*target, error) {
	arn, err := awsapi.ParseARN(text)
	if err != nil || arn.Service != "sqs" {
		return nil, invalid(clip(text), parameter, "Invalid ARN format.")
	}
	t, err := s.findFor(c, awsapi.QueueRef{Account: arn.Account, Region: arn.Region, Name: arn.Resource}, may, action)
	var e *awsapi.Error
	if errors.As(err, &e) && e.Type == sqsapi.QueueDoesNotExist {
		return nil, sqsapi.ResourceNotFoundException.Newf("The resource that you specified for the %s parameter doesn't exist.", parameter)
	}
	return t, err
}

// feeders are the queues whose dead letters come to t.
func (s *Service) feeders(t *target) (all []*core.Queue) {
	dead := core.QueueAddress(t.Name())
	for _, q := range t.ns.Queues("", true) {
		if q.Options().DeadLetter == dead {
			all = append(all, q)
		}
	}
	return all
}
