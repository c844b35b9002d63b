package awsapi

import (
	"context"
	"io"
)

// net/http reads on in the background once a request's body was read, to notice a
// client that goes: a goroutine, two switches and a thread that wakes for each
// request, which a handler that answers at once has no use for. So the last byte of
// a small body is left where it is, since the conn saw it pass, until somebody asks
// for the end of the handler's ctx, or the reply is out.

// patient is the ctx of a handler. That its client goes away ends it from the first
// Done on.
type patient struct {
	context.Context
	t *turn
}

// Done implements context.Context.
func (p *patient) Done() <-chan struct{} {
	p.t.watch()
	return p.Context.Done()
}

// readButFor reads a body that has come but for its last byte.
func (t *turn) readButFor(last byte) error {
	length := int(t.r.ContentLength)
	if err := t.grow(length); err != nil {
		return err
	}
	n, err := io.ReadFull(t.r.Body, t.body[:length-1])
	if t.body = append(t.body[:n], last); err != nil {
		_, err = t.bodyEnd(err)
		return err
	}
	t.kept.Store(true)
	return nil
}

// watch has net/http notice that the client goes.
func (t *turn) watch() {
	if t.kept.CompareAndSwap(true, false) {
		_, _ = t.r.Body.Read(t.again[:]) // it is there: what comes behind it is what can fail
	}
}

// rest ends the turn: the last byte is not the next request's. The reply must not
// wait for it.
func (t *turn) rest() {
	if t.kept.Load() {
		if t.done {
			_ = t.control().Flush() // the client is gone: nothing to tell anyone
		}
		t.watch()
	}
}
