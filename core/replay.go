package core

import (
	"bytes"
	"context"
	"encoding/json"
)

// A replay gives a binding once more what its gate kept (gate.go), in order, and
// holds back what is published meanwhile: that is in the gate too, and comes in
// its turn. When nothing is left, in the group that has seen so, the binding is
// on its own again, so nothing comes twice or out of order. Each step and how far
// it came are one atomic group: a restart goes on there.
type replay struct {
	ns  *Namespace // immutable
	key string     // immutable; the binding's

	done chan struct{} // closed when it is over, or another has taken its place

	def  replayDef // who commits only
	seen uint64    // who commits only; the gate's next sequence at the last step
}

// replayDef is stored, as the definitions are.
type replayDef struct {
	Gate  string `json:"gate"`
	Start int64  `json:"start"`         // ms; publishes from then on
	End   int64  `json:"end,omitempty"` // ms; and up to then; 0: all
	Next  uint64 `json:"next"`          // sequence in the gate; those before are done with
	Since uint64 `json:"since"`         // sequence; from here on it is what was held back
}

// replayStop, as an end, is before all that was ever published.
const replayStop = 1

// Replay has a binding get again what its gate keeps of the publishes between
// start and end (ms; end 0: up to now), and then go on as before. One that is
// under way is replaced; what that one held back still comes. Durable when it
// returns. NotFound: no such binding.
func (ns *Namespace) Replay(key string, gate *Queue, start, end int64) error {
	if _, ok := ns.Binding(key); !ok {
		return errf(NotFound, "no binding %q", key)
	}
	r := newReplay(ns, key)
	r.def = replayDef{Gate: gate.name, Start: start, End: end}
	_, err := ns.b.startReplay(r, func(g *staging, old *replay) bool {
		gate.mu.Lock()
		r.def.Since, r.def.Next = gate.head.seq, gate.head.lane(laneHighest).hint
		gate.mu.Unlock()
		if old != nil {
			r.def.Since = min(r.def.Since, max(old.def.Since, old.def.Next))
		}
		return true
	})
	return err
}

func newReplay(ns *Namespace, key string) *replay {
	return &replay{ns: ns, key: key, done: make(chan struct{})}
}

// StopReplay ends a replay, if there is one, and returns when it is over: what it
// held back has come, in order.
func (ns *Namespace) StopReplay(ctx context.Context, key string) error {
	r := newReplay(ns, key)
	started, err := ns.b.startReplay(r, func(g *staging, old *replay) bool {
		if old == nil {
			return false
		}
		r.def = old.def
		r.def.End, r.def.Next = replayStop, max(old.def.Next, old.def.Since)
		return true
	})
	if err != nil || !started {
		return err
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startReplay puts r in the place of the replay of its key, if begin says so.
func (b *Broker) startReplay(r *replay, begin func(g *staging, old *replay) bool) (started bool, err error) {
	w, ns := newWaiter(), r.ns
	ok := b.committer.submit(&change{
		write: func(g *staging) {
			ns.mu.Lock()
			old := ns.replays[r.key]
			ns.mu.Unlock()
			if started = begin(g, old); !started {
				return
			}
			r.save(g)
			ns.mu.Lock()
			ns.replays[r.key] = r
			ns.mu.Unlock()
			if old != nil {
				close(old.done)
			}
		},
		then: func(g *staging) {
			if started {
				b.committer.submitFirst(&replayStep{r: r})
			}
			g.confirm(w, 0, Outcome{})
		},
	}, Durable, 0)
	if !ok {
		return false, errf(Closed, "the broker is shutting down")
	}
	_, err = w.wait(context.Background())
	return started, err
}

// Replaying says whether a replay of the binding is under way.
func (ns *Namespace) Replaying(key string) bool { return ns.held(key) }

// held says that the binding's live copies wait for their turn in a replay.
func (ns *Namespace) held(key string) bool {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	return ns.replays[key] != nil
}

func (r *replay) storeKey() []byte { return defKey('r', r.ns.name, r.key) }

func (r *replay) save(g *staging) {
	if r.ns.erased.Load() {
		return
	}
	val, err := json.Marshal(r.def)
	if err != nil {
		return // strings and numbers: cannot fail
	}
	g.batch.Set(r.storeKey(), val)
}

// end is the moment from which the binding is on its own.
func (r *replay) end(g *staging) {
	r.ns.mu.Lock()
	delete(r.ns.replays, r.key)
	r.ns.mu.Unlock()
	if !r.ns.erased.Load() {
		g.batch.Delete(r.storeKey())
	}
	close(r.done)
}

// replayStep copies some of what the gate keeps.
type replayStep struct {
	r      *replay
	over   bool
	failed bool // the store could not be read
	copies []*publishOp
}

const (
	replayEntries = 200       // looked at in one step, where nobody publishes
	replayBytes   = 512 << 10 // read in one step of that, one message of any size admitted
)

// share is how many entries a step reads: more than came since the last one, or a
// replay under a flood would have no end.
func (r *replay) share(gate *Queue) int {
	gate.mu.Lock()
	defer gate.mu.Unlock()
	came := gate.head.seq - r.seen
	if r.seen == 0 {
		came = 0
	}
	r.seen = gate.head.seq
	return max(replayEntries, int(2*came))
}

func (s *replayStep) stage(g *staging) {
	r, ns := s.r, s.r.ns
	ns.mu.RLock()
	replaced := ns.replays[r.key] != r
	ns.mu.RUnlock()
	if replaced {
		s.over = true
		return
	}
	b, bound := ns.Binding(r.key)
	gate, open := ns.Queue(r.def.Gate)
	if !bound || !open {
		s.over = true
		r.end(g)
		return
	}
	found, all, err := r.read(gate, r.share(gate))
	if err != nil {
		ns.b.log.Error("reading what a topic has archived failed; its replay tries again", "binding", r.key, "error", err)
		s.failed = true
		return
	}
	for _, e := range found {
		r.def.Next = e.seq + 1
		s.copy(g, b, e)
	}
	if s.over = all; s.over { // nothing of this group is in the gate yet: a step begins it
		r.end(g)
		return
	}
	r.save(g)
}

func (s *replayStep) applied(g *staging) {
	for _, op := range s.copies {
		op.applied(g)
	}
	b, next := s.r.ns.b, &replayStep{r: s.r}
	switch {
	case s.over:
	case s.failed:
		b.timers.new(func() { b.committer.submitFirst(next) }).start(b.Now() + readAgain.Milliseconds())
	default:
		b.committer.submitFirst(next)
	}
}

// read brings the next entries of the gate, up to n; all says that there are no more.
func (r *replay) read(gate *Queue, n int) (found []*entry, all bool, err error) {
	gate.mu.Lock()
	inc := gate.head.inc
	gate.mu.Unlock()
	b, bytesRead := gate.ns.b, 0
	all = true
	lo, hi := posKey(nil, tabEntry, inc, pos{laneHighest, r.def.Next}), prefixEnd(numKey(tabEntry, inc))
	err = b.store.Scan(lo, hi, false, func(key, val []byte) bool {
		if len(found) >= n || bytesRead >= replayBytes/replayEntries*n {
			all = false
			return false
		}
		e, encoded, err := decodeEntry(bytes.Clone(val))
		if err != nil {
			e = &entry{}
		} else if encoded != nil {
			e.msg, err = decodeMessage(encoded)
		}
		e.pos, e.inc = keyPos(key), inc
		r.passOver(e, err)
		bytesRead += e.size
		found = append(found, e)
		return true
	})
	for i := 0; i < len(found) && err == nil; i++ {
		if e := found[i]; e.msg == nil && e.body.id != 0 {
			if e.msg, err = b.readBody(e.body); damaged(err) {
				r.passOver(e, err)
				err = nil
			}
		}
	}
	return found, all, err
}

// passOver says of an entry of the gate, if its message is damaged, that nobody
// gets it.
func (r *replay) passOver(e *entry, err error) {
	if err != nil {
		e.msg = nil
		r.ns.b.log.Error("an archived message in the store cannot be read; passing over it", "binding", r.key, "seq", e.seq, "error", err)
	}
}

// copy stages one entry's copy for the binding, if it is to have it.
func (s *replayStep) copy(g *staging, b *Binding, e *entry) {
	r, ns, m := s.r, s.r.ns, e.msg
	if m == nil {
		return
	}
	old := e.seq < r.def.Since
	if old && (m.PublishedAt < r.def.Start || r.def.End != 0 && m.PublishedAt > r.def.End) {
		return
	}
	if b.predicate != nil && !b.predicate.Matches(m) {
		return
	}
	ns.mu.RLock()
	to := ns.lateBound(b, m)
	ns.mu.RUnlock()
	if to.q == nil {
		return
	}
	note := to.note
	if d := ns.b.dialects[b.Dialect]; d.Number != nil {
		note = d.Number(note, e.number, old)
	}
	to.q.mu.Lock()
	to.q.pending++
	to.q.mu.Unlock()
	op := &publishOp{
		b: ns.b, ns: ns, pub: &Publication{Message: m, To: m.Source}, size: e.size, internal: true,
		encoded: appendMessage(nil, m), targets: []target{{q: to.q, note: note, dialect: b.Dialect, key: b.Key}},
	}
	ns.b.memory.Add(int64(op.size))
	op.stage(g)
	s.copies = append(s.copies, op)
}

// replay reads one that was under way.
func (r *recovery) replay(ns *Namespace, name string, val []byte) error {
	p := newReplay(ns, name)
	if err := json.Unmarshal(val, &p.def); err != nil {
		return err
	}
	ns.replays[name] = p
	return nil
}
