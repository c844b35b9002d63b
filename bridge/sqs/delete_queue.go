package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// DeleteQueue: with all its messages, subscriptions and bindings. Done when it is
// answered, where AWS takes up to 60 seconds.

func (s *Service) deleteQueue(_ context.Context, c *awsapi.Call, in *sqsapi.DeleteQueueInput) (*sqsapi.DeleteQueueOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Configure)
	if err != nil {
		return nil, err
	}
	if err := t.ns.DeleteQueue(t.Name()); err != nil {
		return nil, refusal(err)
	}
	s.noteDeleted(t)
	return nil, nil
}

// deleted names a queue that was deleted.
type deleted struct {
	ns   *core.Namespace
	name string
}

func (s *Service) noteDeleted(t *target) {
	if s.recreate <= 0 {
		return
	}
	now := t.ns.Broker().Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, at := range s.gone {
		if !s.recent(at, now) {
			delete(s.gone, d)
		}
	}
	s.gone[deleted{t.ns, t.Name()}] = now
}

// recent says whether a queue that was deleted then may not be created yet; a clock
// that went back does not make that longer.
func (s *Service) recent(at, now int64) bool {
	return now >= at && now-at < s.recreate.Milliseconds()
}

func (s *Service) deletedRecently(ns *core.Namespace, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.gone[deleted{ns, name}]
	return ok && s.recent(at, ns.Broker().Now())
}
