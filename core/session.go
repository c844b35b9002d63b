package core

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Session is what a client has that outlives its connection: a queue
// (hidden, named "session/<dialect>/<id>"), bindings, small state, a will and
// an expiry. The door makes sure that at most one connection is attached.
type Session struct {
	ns      *Namespace // immutable
	id      string     // immutable
	num     uint64     // immutable
	dialect string     // immutable
	durable bool       // immutable; it survives a restart
	queue   *Queue     // immutable

	mu       sync.Mutex
	expiry   time.Duration     // guarded by mu
	will     *Will             // guarded by mu
	attrs    map[string]string // guarded by mu
	detached int64             // guarded by mu; ms, 0 while attached
	cut      uint64            // guarded by mu; see Cut
	willAt   int64             // guarded by mu; ms when the will is due, 0 for none
	state    map[uint32][]byte // guarded by mu
	stated   bool              // guarded by mu; there may be state in the store
	ended    bool              // guarded by mu
	unsaved  bool              // guarded by mu; recovery changed it
	local    any               // guarded by mu
	timer    *timer            // immutable
}

// sessionDef is the stored form.
type sessionDef struct {
	ID         uint64            `json:"id"`
	Dialect    string            `json:"dialect"`
	Expiry     time.Duration     `json:"expiry"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Detached   int64             `json:"detached,omitempty"`
	Cut        uint64            `json:"cut,omitempty"`
	WillAt     int64             `json:"willAt,omitempty"`
	Will       *willDef          `json:"will,omitempty"`
}

type willDef struct {
	Message []byte        `json:"message"`
	To      string        `json:"to"`
	Retain  bool          `json:"retain,omitempty"`
	Delay   time.Duration `json:"delay,omitempty"`
	Expiry  time.Duration `json:"expiry,omitempty"`
}

// sessionKey is how a session is found: two dialects may use one id.
func sessionKey(dialect, id string) string { return dialect + "/" + id }

// OpenSession attaches to the session of that id and dialect, resuming what
// is there unless clean. What must be durable is when it returns.
func (ns *Namespace) OpenSession(id string, clean bool, o SessionOptions) (s *Session, resumed bool, err error) {
	key := sessionKey(o.Dialect, id)
	ns.mu.RLock()
	s = ns.sessions[key]
	ns.mu.RUnlock()
	if s != nil && (clean || !s.resumable(o)) {
		s.end(true)
		s = nil
	}
	if s != nil && s.attach(o) {
		if !s.durable {
			return s, true, nil
		}
		// Or a crash and a long stop would find it detached, and expired.
		return s, true, ns.b.wait(Durable, nil)
	}
	if s != nil {
		s.end(true) // it is ending: see it through
	}
	s, err = ns.newSession(key, id, o)
	return s, false, err
}

// resumable says whether the session can be what is asked for now.
func (s *Session) resumable(o SessionOptions) bool { return s.durable || o.Expiry == 0 }

// attach takes up a session again. It reports false if it has ended.
func (s *Session) attach(o SessionOptions) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.expiry, s.will, s.attrs = o.Expiry, o.Will, o.Attributes
	s.detached, s.willAt = 0, 0
	s.timer.set(0)
	s.save()
	return true
}

func (ns *Namespace) newSession(key, id string, o SessionOptions) (*Session, error) {
	s := &Session{
		ns: ns, id: id, num: ns.b.newID(), dialect: o.Dialect, durable: o.Expiry > 0,
		expiry: o.Expiry, will: o.Will, attrs: o.Attributes, state: map[uint32][]byte{},
	}
	s.timer = ns.b.timers.new(s.onTimer)
	qo := o.Queue
	qo.Dialect, qo.Hidden, qo.Durable, qo.Owner = o.Dialect, true, s.durable, "session/"+key
	q := newQueue(ns, "session/"+key, ns.b.newID(), qo)
	q.session, q.created = s, ns.b.Now()
	s.queue = q
	ns.mu.Lock()
	if ns.sessions[key] != nil {
		ns.mu.Unlock()
		return nil, errf(Locked, "session %q is being opened twice", id)
	}
	if err := ns.defined(); err != nil {
		ns.mu.Unlock()
		return nil, err
	}
	ns.sessions[key] = s
	ns.queues[q.name] = q
	ns.mu.Unlock()
	if !s.durable {
		return s, nil
	}
	s.mu.Lock()
	s.save()
	s.mu.Unlock()
	return s, q.save()
}

// Session finds a session of a dialect by its id.
func (ns *Namespace) Session(dialect, id string) (*Session, bool) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	s, ok := ns.sessions[sessionKey(dialect, id)]
	return s, ok
}

// ID is the client's id.
func (s *Session) ID() string { return s.id }

// Queue is the backlog.
func (s *Session) Queue() *Queue { return s.queue }

// Durable says whether the session survives a restart.
func (s *Session) Durable() bool { return s.durable }

// Prefix is what the keys of the session's bindings begin with.
func (s *Session) Prefix() string { return "session/" + sessionKey(s.dialect, s.id) + "/" }

// Attributes are what the door stored with it; not to be changed.
func (s *Session) Attributes() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attrs
}

// Cut says that the broker ended in the middle of an attachment that nothing has
// ended in order since: what the session's queue holds of sequences before the
// one that it returns may have been delivered, though nothing says so. 0: no.
func (s *Session) Cut() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut
}

// SetLocal hangs something of the door's on the session, which lives in memory
// as long as the session does.
func (s *Session) SetLocal(v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.local = v
}

// Local is what SetLocal hung there; nil after a restart.
func (s *Session) Local() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.local
}

// State calls f for each value in order of key. What SetState, Publish (Mark)
// and Settle (change) set is seen at once.
func (s *Session) State(f func(key uint32, val []byte)) {
	s.mu.Lock()
	keys := make([]uint32, 0, len(s.state))
	for k := range s.state {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	vals := make([][]byte, len(keys))
	for i, k := range keys {
		vals[i] = s.state[k]
	}
	s.mu.Unlock()
	for i, k := range keys {
		f(k, vals[i])
	}
}

// SetState changes the state; confirm (may be nil) is told when it is durable,
// before SetState returns for a session of memory.
func (s *Session) SetState(c StateChange, confirm Confirm, token uint64) {
	s.note(&c)
	if !s.durable {
		if confirm != nil && confirm.Confirmed(token, Outcome{}) {
			confirm.Flush()
		}
		return
	}
	d := Lazy
	if confirm != nil {
		d = Durable
	}
	s.ns.b.submitOr(&stateOp{s, c, confirm, token}, d, confirm, token)
}

// note changes the state in memory.
func (s *Session) note(c *StateChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Value == nil {
		delete(s.state, c.Key)
		return
	}
	s.state[c.Key], s.stated = c.Value, true
}

type stateOp struct {
	s       *Session
	c       StateChange
	confirm Confirm
	token   uint64
}

func (op *stateOp) stage(g *staging)   { op.s.stageState(g, &op.c) }
func (op *stateOp) applied(g *staging) { g.confirm(op.confirm, op.token, Outcome{}) }

func (s *Session) stageState(g *staging, c *StateChange) {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if !s.durable || ended {
		return
	}
	g.key = stateKey(g.key[:0], s.num, c.Key)
	if c.Value == nil {
		g.batch.Delete(g.key)
		return
	}
	g.batch.Set(g.key, c.Value)
}

// save has the definition written within 10 ms. Lock held.
func (s *Session) save() {
	if !s.durable {
		return
	}
	def := sessionDef{
		ID: s.num, Dialect: s.dialect, Expiry: s.expiry, Attributes: s.attrs, Detached: s.detached, Cut: s.cut, WillAt: s.willAt,
	}
	if w := s.will; w != nil {
		def.Will = &willDef{Message: appendMessage(nil, w.Message), To: w.To.String(), Retain: w.Retain, Delay: w.Delay, Expiry: w.Expiry}
	}
	val, err := json.Marshal(def)
	if err != nil {
		s.ns.b.log.Error("a session cannot be written", "session", s.id, "error", err)
		return
	}
	key := defKey('s', s.ns.name, sessionKey(s.dialect, s.id))
	s.unsaved = false
	s.ns.b.committer.submit(&change{write: func(g *staging) {
		s.ns.mu.RLock()
		defer s.ns.mu.RUnlock()
		if s.ns.sessions[sessionKey(s.dialect, s.id)] == s {
			g.batch.Set(key, val)
		}
	}}, Lazy, 0)
}

// Detach ends the attachment: will says that it was no goodbye, so that the
// will is due; expiry is what counts from now (MQTT 5 can change it at
// DISCONNECT). With expiry 0 the session ends.
func (s *Session) Detach(expiry time.Duration, will bool) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	now := s.ns.b.Now()
	s.expiry, s.detached, s.cut = expiry, now, 0
	if !will {
		s.will = nil
	}
	if s.will != nil {
		s.willAt = now + s.will.Delay.Milliseconds()
	}
	s.save()
	s.rearm()
	s.mu.Unlock()
	s.onTimer()
}

// rearm sets the timer to the will or the end, whichever is first. Lock held.
func (s *Session) rearm() {
	at := s.willAt
	if end := s.endsAt(); end != 0 && (at == 0 || end < at) {
		at = end
	}
	s.timer.set(at)
}

func (s *Session) endsAt() int64 {
	if s.detached == 0 || s.expiry == Forever {
		return 0
	}
	return s.detached + s.expiry.Milliseconds()
}

// onTimer publishes the will and ends the session when their time has come.
func (s *Session) onTimer() {
	s.mu.Lock()
	now := s.ns.b.Now()
	end := s.endsAt()
	over := end != 0 && end <= now
	due := s.willAt != 0 && (s.willAt <= now || over)
	if _, decided := s.ns.b.mayWill(s.dialect); s.ended || due && !decided {
		s.mu.Unlock()
		return
	}
	var will *Will
	if due {
		will, s.will, s.willAt = s.will, nil, 0
		if !over {
			s.save()
		}
	}
	if s.ended = over; !over {
		s.rearm() // once it has ended nobody can attach
	}
	s.mu.Unlock()
	s.publishWill(will)
	if over {
		s.end(false)
	}
}

// Namespace is where the session is.
func (s *Session) Namespace() *Namespace { return s.ns }

// Sessions lists the ids of a dialect's sessions, ordered.
func (ns *Namespace) Sessions(dialect string) []string {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	var ids []string
	for key := range ns.sessions {
		if id, ok := strings.CutPrefix(key, dialect+"/"); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
