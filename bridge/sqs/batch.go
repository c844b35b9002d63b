package sqs

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// maxBatch is how many entries a batch may have.
const maxBatch = 10

// checkBatch checks the ids of a batch's entries; entry is their type's name.
func checkBatch(entry string, n int, id func(int) wire.String) error {
	switch {
	case n == 0:
		return sqsapi.EmptyBatchRequest.Newf("There should be at least one %s in the request.", entry)
	case n > maxBatch:
		return sqsapi.TooManyEntriesInBatchRequest.Newf("Maximum number of entries per request are %d. You have sent %d.", maxBatch, n)
	}
	seen := make(map[string]bool, n)
	for i := range n {
		v := id(i)
		switch {
		case !v.Ok:
			return missing(entry, i, "Id")
		case !isBatchID(v.V):
			return sqsapi.InvalidBatchEntryId.New("A batch entry id can only contain alphanumeric characters, hyphens and underscores. " +
				"It can be at most 80 letters long.")
		case seen[v.V]:
			return sqsapi.BatchEntryIdsNotDistinct.Newf("Id %s repeated.", v.V)
		}
		seen[v.V] = true
	}
	return nil
}

// isBatchID: the characters and length of a queue's name.
func isBatchID(s string) bool {
	return awsapi.IsQueueName(s) && !strings.Contains(s, ".")
}

func missing(entry string, i int, member string) error {
	return wire.MissingParameter.Newf("The request must contain the parameter %s.%s.%s.", entry, strconv.Itoa(i+1), member)
}

// failed is one entry's error in a batch's reply. What is nobody's fault but ours
// fails the whole call, so that the edge logs it.
func failed(id wire.String, err error) (sqsapi.BatchResultErrorEntry, error) {
	var e *awsapi.Error
	if !errors.As(err, &e) {
		return sqsapi.BatchResultErrorEntry{}, err
	}
	code := e.Type.QueryCode
	return sqsapi.BatchResultErrorEntry{
		Id: id, Code: wire.Some(code), Message: wire.Some(e.Message), SenderFault: wire.Some(!e.Type.Receiver),
	}, nil
}

// gather is a core.Confirm that waits for several publishes.
type gather struct {
	outs []core.Outcome // each written once, before done is closed
	left atomic.Int32   // outcomes to come, and one for the publisher itself
	done chan struct{}
}

func newGather(n int) *gather {
	g := &gather{outs: make([]core.Outcome, n), done: make(chan struct{})}
	g.left.Store(int32(n) + 1)
	return g
}

// Confirmed notes an outcome.
func (g *gather) Confirmed(token uint64, o core.Outcome) bool {
	g.outs[token] = o
	g.one()
	return false
}

// Flush has nothing to do.
func (g *gather) Flush() {}

func (g *gather) one() {
	if g.left.Add(-1) == 0 {
		close(g.done)
	}
}

// publishAll publishes in order and waits for all the outcomes.
func publishAll(ctx context.Context, ns *core.Namespace, pubs []*core.Publication) ([]core.Outcome, error) {
	g, p := newGather(len(pubs)), ns.NewPublisher(1)
	for i, pub := range pubs {
		pub.Confirm, pub.Token = g, uint64(i)
		if err := p.Publish(pub); err != nil {
			g.Confirmed(uint64(i), core.Outcome{Err: err})
		}
	}
	p.Flush()
	g.one()
	select {
	case <-g.done:
		return g.outs, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
