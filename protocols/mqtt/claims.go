package mqtt

import (
	"context"
	"sync"

	"github.com/slipwaymq/slipway/core"
)

// claims make sure that a client id is used by one connection at a time
// ([MQTT-3.1.4-3]). Who connects takes its turn, ends the connection before,
// and waits until that one has let go of the session.
type claims struct {
	mu sync.Mutex
	m  map[string]*claim // guarded by mu
}

type claim struct {
	key    string
	turn   chan struct{} // capacity 1: held while a connection takes over
	refs   int           // guarded by claims.mu; connections that hold or want it
	holder *conn         // guarded by turn
}

// take waits until the client id is free. The caller calls settled once it
// has the session, and drop at its end.
func (cs *claims) take(ctx context.Context, key string, c *conn) (*claim, error) {
	cs.mu.Lock()
	cl := cs.m[key]
	if cl == nil {
		cl = &claim{key: key, turn: make(chan struct{}, 1)}
		cs.m[key] = cl
	}
	cl.refs++
	cs.mu.Unlock()
	select {
	case cl.turn <- struct{}{}:
	case <-ctx.Done():
		cs.drop(cl)
		return nil, context.Cause(ctx)
	}
	if old := cl.holder; old != nil {
		old.takeOver()
		<-old.done // it waits for nobody: see conn.end
	}
	cl.holder = c
	return cl, nil
}

// settled lets the next connection of this client id come.
func (cl *claim) settled() { <-cl.turn }

func (cs *claims) drop(cl *claim) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cl.refs--; cl.refs == 0 {
		delete(cs.m, cl.key)
	}
}

// held says that a connection has the client id or wants it.
func (cs *claims) held(key string) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.m[key] != nil
}

func claimKey(ns *core.Namespace, id string) string { return ns.Name() + "\x00" + id }
