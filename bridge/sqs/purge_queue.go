package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// PurgeQueue: once in 60 seconds; done, in flight messages included, when it is
// answered. The 60 seconds are not remembered across a restart.

const purgeEvery = 60_000 // ms

func (s *Service) purgeQueue(_ context.Context, c *awsapi.Call, in *sqsapi.PurgeQueueInput) (*sqsapi.PurgeQueueOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Configure)
	if err != nil {
		return nil, err
	}
	if !s.mayPurge(t) {
		return nil, sqsapi.PurgeQueueInProgress.Newf("Only one PurgeQueue operation on %s is allowed every 60 seconds.", t.shown)
	}
	return nil, refusal(t.Purge())
}

func (s *Service) mayPurge(t *target) bool {
	now := t.ns.Broker().Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for q, at := range s.purges {
		if now-at >= purgeEvery || now < at {
			delete(s.purges, q)
		}
	}
	if _, recently := s.purges[t.Queue]; recently {
		return false
	}
	s.purges[t.Queue] = now
	return true
}
