package core

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slipwaymq/slipway/core/match"
)

// recover makes the namespaces of what the store holds. Its cost is the
// definitions and the deliveries under way, never the depth of a queue.
func (b *Broker) recover() error {
	if err := b.begin(); err != nil {
		return err
	}
	r := &recovery{b: b, byInc: map[uint64]*Queue{}, bySession: map[uint64]*Session{}, stale: b.store.NewBatch()}
	steps := []struct {
		kind byte
		take func(ns *Namespace, name string, val []byte) error
	}{
		{'n', nil}, {'u', r.account}, {'p', r.policy}, {'t', r.topic}, {'q', r.queue}, {'s', r.session}, {'e', r.exchange}, {'b', r.binding}, {'r', r.replay},
	}
	for _, s := range steps {
		if err := r.each(s.kind, s.take); err != nil {
			return err
		}
	}
	for _, ns := range b.namespaces {
		ns.countAll()
	}
	for _, table := range []struct {
		tab  byte
		take func(key, val []byte) error
	}{{tabHead, r.head}, {tabState, r.state}, {tabLease, r.lease}, {tabSweep, r.sweep}, {tabOrphan, r.orphan}} {
		if err := r.table(table.tab, table.take); err != nil {
			return err
		}
	}
	if b.namespaces[""] == nil {
		b.namespaces[""] = newNamespace(b, "", b.newID())
		def, err := json.Marshal(namespaceDef{ID: b.namespaces[""].id})
		if err != nil {
			return err
		}
		r.stale.Set(defKey('n', "", ""), def)
	}
	return b.store.Apply(r.stale, Durable)
}

type recovery struct {
	b         *Broker
	byInc     map[uint64]*Queue
	byID      map[uint64]*Queue
	bySession map[uint64]*Session
	stale     Batch // deletes what a crash left of what was being deleted
}

// each calls take for each definition of a kind.
func (r *recovery) each(kind byte, take func(ns *Namespace, name string, val []byte) error) error {
	return r.table2([]byte{tabDef, kind}, func(key, val []byte) error {
		space, name, ok := strings.Cut(string(key[2:]), "\x00")
		if !ok {
			return errEntry
		}
		if kind == 'n' {
			var def namespaceDef
			if err := json.Unmarshal(val, &def); err != nil {
				return err
			}
			r.b.namespaces[space] = newNamespace(r.b, space, def.ID)
			r.b.namespaces[space].gone.Store(def.Gone)
			r.b.namespaces[space].quotas, r.b.namespaces[space].marked = def.Quotas, def.Gone
			r.b.namespaces[space].attributes.Store(&def.Attributes)
			return nil
		}
		ns := r.b.namespaces[space]
		if ns == nil {
			return fmt.Errorf("definition %q in no namespace", name)
		}
		return take(ns, name, val)
	})
}

func (r *recovery) table(tab byte, take func(key, val []byte) error) error {
	return r.table2([]byte{tab}, take)
}

func (r *recovery) table2(prefix []byte, take func(key, val []byte) error) error {
	var failed error
	err := r.b.store.Scan(prefix, prefixEnd(prefix), false, func(key, val []byte) bool {
		if failed = take(key, val); failed != nil {
			failed = fmt.Errorf("core: reading key %x: %w", key, failed)
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return err
}

func (r *recovery) topic(ns *Namespace, name string, val []byte) error {
	var def topicDef
	if err := json.Unmarshal(val, &def); err != nil {
		return err
	}
	ns.topics[name] = &Topic{path: name, created: def.Created, attributes: def.Attributes}
	return nil
}

func (r *recovery) queue(ns *Namespace, name string, val []byte) error {
	var def queueDef
	if err := json.Unmarshal(val, &def); err != nil {
		return err
	}
	q := newQueue(ns, name, def.ID, def.Options)
	q.created, q.modified, q.usedAt = def.Created, def.Modified, r.b.Now()
	ns.queues[name] = q
	if r.byID == nil {
		r.byID = map[uint64]*Queue{}
	}
	r.byID[q.id] = q
	r.byInc[q.head.inc] = q
	return nil
}

func (r *recovery) session(ns *Namespace, name string, val []byte) error {
	var def sessionDef
	if err := json.Unmarshal(val, &def); err != nil {
		return err
	}
	q := ns.queues["session/"+name]
	if q == nil {
		// Its queue's definition never became durable, or is gone: so is the session.
		r.stale.Delete(defKey('s', ns.name, name))
		r.stale.DeleteRange(numKey(tabState, def.ID), prefixEnd(numKey(tabState, def.ID)))
		return nil
	}
	s := &Session{
		ns: ns, id: strings.TrimPrefix(name, def.Dialect+"/"), num: def.ID, dialect: def.Dialect, durable: true, queue: q,
		expiry: def.Expiry, attrs: def.Attributes, detached: def.Detached, cut: def.Cut, willAt: def.WillAt, state: map[uint32][]byte{},
	}
	if w := def.Will; w != nil {
		m, err := decodeMessage(w.Message)
		if err != nil {
			return err
		}
		to, _ := ParseAddress(w.To)
		s.will = &Will{Message: m, To: to, Retain: w.Retain, Delay: w.Delay, Expiry: w.Expiry}
	}
	if s.detached == 0 { // attached when the broker stopped
		s.detached, s.cut, s.unsaved = r.b.Now(), r.b.boot<<32, true
		if s.will != nil {
			s.willAt = s.detached + s.will.Delay.Milliseconds()
		}
	}
	s.timer = r.b.timers.new(s.onTimer)
	q.session = s
	ns.sessions[name] = s
	r.bySession[s.num] = s
	return nil
}

func (r *recovery) binding(ns *Namespace, name string, val []byte) error {
	var def bindingDef
	if err := json.Unmarshal(val, &def); err != nil {
		return err
	}
	f, err := match.Decode(def.Filter)
	if err != nil {
		return err
	}
	b := &Binding{
		Key: name, Dialect: def.Dialect, Filter: f, Queue: ns.queues[def.Queue], KeepTransient: def.KeepTransient,
		KeepDurable: def.KeepDurable, Durable: true, Note: def.Note, Rule: def.Rule, Copies: def.Copies, NoLocal: def.NoLocal,
		Attributes: def.Attributes, Exchange: def.Exchange, RoutingKey: def.RoutingKey, Target: ns.exchanges[def.Target],
		To: def.To, DeadTo: def.DeadTo,
	}
	_, source := ns.exchanges[def.Exchange]
	if b.Queue == nil && b.Target == nil && b.To == "" || def.Exchange != "" && !source {
		r.stale.Delete(defKey('b', ns.name, name))
		return nil // deleted while the binding was on its way
	}
	if args := (codecReader{b: def.Arguments, values: min(len(def.Arguments), codecMaxValues)}); len(args.b) > 0 {
		if b.Arguments = args.headers(0); args.err != nil {
			return args.err
		}
	}
	if def.Session != "" {
		b.Session = b.Queue.session
	}
	if err := b.prepare(ns); err != nil {
		return err
	}
	ns.bind(b)
	return nil
}

func (r *recovery) head(key, val []byte) error {
	q := r.byID[binary.BigEndian.Uint64(key[1:])]
	if q == nil {
		return nil
	}
	h, err := decodeHead(val)
	if err != nil {
		return err
	}
	delete(r.byInc, q.head.inc)
	// Sequences that were given before and never became durable are not given
	// again: an old receipt must not name another message.
	h.seq = max(h.seq, r.b.boot<<32)
	q.head = h
	r.byInc[h.inc] = q
	q.st.maxSize = h.maxSize
	if h.delayed > 0 {
		q.delayed = &delayed{n: h.delayed, tail: h.seq, horizon: 1}
	}
	for _, l := range h.lanes {
		lane := q.st.lane(l.num)
		lane.horizon, lane.tail, lane.deep = l.hint, h.seq, l.n
		q.st.ready += l.n
		q.st.readyBytes += l.bytes
		q.st.expiry = 1
	}
	return nil
}

// lease puts an entry that was delivered before among the returned, or under
// its lease if that still runs.
func (r *recovery) lease(key, val []byte) error {
	if len(key) != entryKeySize {
		return errEntry
	}
	q := r.byInc[binary.BigEndian.Uint64(key[1:])]
	if q == nil {
		return nil // an old incarnation, to be swept
	}
	var e *entry
	p := keyPos(key)
	ok, err := r.b.store.Get(posKey(nil, tabEntry, q.head.inc, p), func(v []byte) (err error) {
		e, _, err = decodeEntry(bytes.Clone(v))
		return err
	})
	if err != nil || !ok {
		return err
	}
	e.pos, e.inc = p, q.head.inc
	if err := decodeLease(val, e); err != nil {
		return err
	}
	if e.bound != nil {
		r.rejoin(q, e)
		return nil
	}
	q.restore(e)
	return nil
}

// restore takes an entry out of the deep count into where it waits.
func (q *Queue) restore(e *entry) {
	l := q.st.lane(e.lane)
	l.deep--
	q.st.hole(e.pos)
	now := q.ns.b.Now()
	// A clock that was set back must not keep a message for longer than any lease may last.
	e.deadline = min(e.deadline, now+longestLease.Milliseconds())
	e.leased = now
	if q.st.grouped != nil {
		q.st.index(e)
		q.st.grouped.add(e)
	} else {
		q.st.putReturned(e)
	}
	if e.deadline > now {
		q.st.take(e)
		q.st.hang(e, &q.forTakers().pulled, e.deadline)
	} else {
		e.deadline = 0
	}
}

func (r *recovery) state(key, val []byte) error {
	if s := r.bySession[binary.BigEndian.Uint64(key[1:])]; s != nil && len(key) == 13 {
		s.state[binary.BigEndian.Uint32(key[9:])], s.stated = bytes.Clone(val), true
	}
	return nil
}

func (r *recovery) sweep(key, _ []byte) error {
	r.b.sweeper.add(binary.BigEndian.Uint64(key[1:]))
	return nil
}

// orphan deletes a large body that nothing came to refer to.
func (r *recovery) orphan(key, val []byte) error {
	n, _ := binary.Uvarint(val)
	id := binary.BigEndian.Uint64(key[1:])
	batch := r.b.store.NewBatch()
	batch.DeleteRange(bodyKey(nil, id, 0), bodyKey(nil, id, int(n)))
	batch.Delete(key)
	return r.b.store.Apply(batch, Lazy)
}

// wakeAll starts what time has brought while the broker was down.
func (b *Broker) wakeAll() {
	for _, ns := range b.Namespaces() {
		if len(ns.policies) > 0 {
			ns.applyPolicies()
		}
		ns.mu.RLock()
		for _, q := range ns.queues {
			q.mu.Lock()
			q.rearm()
			q.mu.Unlock()
		}
		for _, r := range ns.replays {
			b.committer.submitFirst(&replayStep{r: r})
		}
		ns.mu.RUnlock()
		for _, s := range ns.allSessions() {
			s.mu.Lock()
			if s.unsaved {
				s.save()
			}
			s.rearm()
			s.mu.Unlock()
		}
	}
}
