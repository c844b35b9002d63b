package core

import (
	"bytes"
	"slices"
	"sync"
	"time"
)

// The loader reads the store for queues, on goroutines of its own: a publish,
// a settlement or a credit never waits for a read. One queue is in it at most
// once at a time.
type loader struct {
	b    *Broker
	mu   sync.Mutex
	cond *sync.Cond
	jobs []*Queue // guarded by mu
	stop bool     // guarded by mu
	done sync.WaitGroup
}

const (
	loaders    = 2
	loadBodies = 64    // bodies fetched in one go
	scanStep   = 4_000 // entries a skipping reader looks at in one go

	readAgain = time.Second // after an error of the store
)

// wants is what a queue asks of the loader.
type wants struct {
	bodies []*entry
	lanes  []uint8
	scans  []scanWant
	expiry bool // look for expired entries that are only in the store
	due    bool // bring in delayed entries that are only in the store
}

type scanWant struct {
	r    *reader
	lane uint8
}

// want is what the queue will ask for, to be added to. Lock held.
func (q *Queue) want() *wants {
	t := q.forTakers()
	if t.wants == nil {
		t.wants = &wants{}
	}
	return t.wants
}

func (w *wants) addBody(e *entry) {
	if len(w.bodies) < loadBodies && !slices.Contains(w.bodies, e) {
		w.bodies = append(w.bodies, e)
	}
}

func (w *wants) addLane(num uint8) {
	if !slices.Contains(w.lanes, num) {
		w.lanes = append(w.lanes, num)
	}
}

func (w *wants) addScan(r *reader, lane uint8) {
	if s := (scanWant{r, lane}); !slices.Contains(w.scans, s) {
		w.scans = append(w.scans, s)
	}
}

func (w *wants) any() bool {
	return w != nil && (len(w.bodies)+len(w.lanes)+len(w.scans) > 0 || w.expiry || w.due)
}

func newLoader(b *Broker) *loader {
	l := &loader{b: b}
	l.cond = sync.NewCond(&l.mu)
	l.done.Add(loaders)
	for range loaders {
		go l.run()
	}
	return l
}

func (l *loader) close() {
	l.mu.Lock()
	l.stop = true
	l.cond.Broadcast()
	l.mu.Unlock()
	l.done.Wait()
}

func (l *loader) run() {
	defer l.done.Done()
	for {
		l.mu.Lock()
		for len(l.jobs) == 0 && !l.stop {
			l.cond.Wait()
		}
		if l.stop {
			l.mu.Unlock()
			return
		}
		q := l.jobs[0]
		l.jobs = l.jobs[1:]
		l.mu.Unlock()
		q.load()
	}
}

// askLoader queues the queue. Lock held.
func (q *Queue) askLoader() {
	if q.loading {
		return
	}
	q.loading = true
	l := q.ns.b.loader
	l.mu.Lock()
	l.jobs = append(l.jobs, q)
	l.cond.Signal()
	l.mu.Unlock()
}

// load does what the queue wants, then dispatches.
func (q *Queue) load() {
	q.mu.Lock()
	w := &wants{}
	if q.wants != nil {
		w, q.wants = q.wants, nil
	}
	inc, bodies := q.head.inc, q.bodiesWanted(w.bodies)
	q.mu.Unlock()

	err := q.bring(inc, w, bodies)

	var dirty []Flusher
	q.mu.Lock()
	q.loading = err != nil // or it would be asked at once
	q.dispatch(&dirty)
	switch {
	case err != nil:
		q.ns.b.log.Error("reading a queue failed; it is read again", "queue", q.name, "error", err)
		q.loadAgain(w)
	case q.wants.any():
		q.askLoader()
	}
	if !q.loading || err != nil {
		for n := q.pulls.first; n != nil; {
			next := n.next
			if n.p.once {
				q.finishPull(n.p)
			}
			n = next
		}
	}
	q.mu.Unlock()
	flushAll(&dirty)
}

// bring reads what is wanted, up to the first error of the store.
func (q *Queue) bring(inc uint64, w *wants, bodies []bodyWant) error {
	if err := q.loadBodies(inc, bodies); err != nil {
		return err
	}
	for _, num := range w.lanes {
		if err := q.loadLane(inc, num); err != nil {
			return err
		}
	}
	for _, s := range w.scans {
		if err := q.scanFor(inc, s); err != nil {
			return err
		}
	}
	if w.expiry {
		if err := q.loadExpired(inc); err != nil {
			return err
		}
	}
	if w.due {
		return q.loadDelayed(inc)
	}
	return nil
}

// loadAgain has the loader asked, in a while, for what nobody asks for again.
// Lock held.
func (q *Queue) loadAgain(w *wants) {
	q.want().expiry = q.want().expiry || w.expiry
	q.want().due = q.want().due || w.due
	q.ns.b.timers.new(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.loading = false
		q.askLoader()
	}).start(q.ns.b.Now() + readAgain.Milliseconds())
}

type bodyWant struct {
	e    *entry
	key  []byte
	body bodyRef
}

// bodiesWanted adds those that will be wanted next. Lock held.
func (q *Queue) bodiesWanted(es []*entry) []bodyWant {
	for _, e := range q.st.returned {
		if len(es) == 0 || len(es) >= loadBodies || q.ns.b.scarce() {
			break
		}
		if e.msg == nil && !slices.Contains(es, e) {
			es = append(es, e)
		}
	}
	ws := make([]bodyWant, len(es))
	for i, e := range es {
		ws[i] = bodyWant{e, posKey(nil, e.keep.table(), e.inc, e.pos), e.body}
	}
	return ws
}

func (q *Queue) loadBodies(inc uint64, ws []bodyWant) error {
	for _, w := range ws {
		m, err := q.ns.b.readMessage(w.key, w.body)
		if err != nil && !damaged(err) {
			return err
		}
		q.mu.Lock()
		if q.head.inc == inc && w.e.msg == nil && q.waits(w.e) {
			if err != nil {
				q.lose(w.e, err)
			} else {
				m.Deaths = w.e.deaths
				q.st.setBody(w.e, m)
				q.ns.b.charge(w.e)
			}
		}
		q.mu.Unlock()
	}
	return nil
}

// waits says whether the entry is still waiting for a reader. Lock held.
func (q *Queue) waits(e *entry) bool {
	if q.st.grouped != nil {
		g := q.st.grouped.byName[e.group]
		if g == nil {
			return false
		}
		_, ok := findEntry(g.waiting, e.pos)
		return ok
	}
	_, ok := findEntry(q.st.returned, e.pos)
	return ok
}

// lose gives up a waiting entry whose message cannot be read. The store stays
// as it is for `slipway check`. Lock held.
func (q *Queue) lose(e *entry, err error) {
	q.ns.b.log.Error("a message in the store cannot be read; passing over it", "queue", q.name, "seq", e.seq, "error", err)
	q.st.take(e)
	q.leaves(e) // for good: it stays in the store
}

// readMessage reads the message of an entry by its key.
func (b *Broker) readMessage(key []byte, body bodyRef) (*Message, error) {
	if body.id != 0 {
		return b.readBody(body)
	}
	var m *Message
	ok, err := b.store.Get(key, func(val []byte) error {
		_, encoded, err := decodeEntry(bytes.Clone(val))
		if err == nil {
			m, err = decodeMessage(encoded)
		}
		return err
	})
	if err == nil && !ok {
		err = errEntry
	}
	return m, err
}

// loadLane fills the lane's window from its horizon.
func (q *Queue) loadLane(inc uint64, num uint8) error {
	q.mu.Lock()
	if q.head.inc != inc || q.deleted {
		q.mu.Unlock()
		return nil
	}
	st, l := q.st, q.st.lane(num)
	from, tail, appends := l.horizon, l.tail, l.appends
	room := loadRoom{light: st.grouped != nil}
	room.n, room.bytes = st.roomToLoad(l)
	if q.ns.b.scarce() {
		room.bytes = 1
	}
	st.scanning()
	q.mu.Unlock()

	found, to, whole, err := q.scanLane(inc, pos{num, from}, tail, &room)

	q.mu.Lock()
	defer q.mu.Unlock()
	defer st.scanned()
	if q.head.inc != inc || q.deleted {
		return nil
	}
	if err != nil {
		return err
	}
	held, fewer := q.st.loaded(l, found, to, whole, appends)
	if fewer {
		q.ns.b.log.Error("the store holds fewer messages than it counted", "queue", q.name)
	}
	for _, e := range held {
		if e.msg != nil {
			q.ns.b.charge(e)
		}
	}
	return nil
}

// loadRoom is how much one load may bring.
type loadRoom struct {
	n, bytes int
	light    bool // without messages once bytes are used up
}

// scanLane reads entries of one lane in order, from both tables, until the
// room is used or the lane's tail (as it was under the lock) is reached: what
// is stored from there on has not been appended yet, and the two tables are
// not read at the same instant. to is where to go on.
func (q *Queue) scanLane(inc uint64, from pos, tail uint64, room *loadRoom) (found []*entry, to uint64, whole bool, err error) {
	stored, to1, whole1, err := q.scanTable(tabEntry, inc, from, tail, *room)
	if err != nil {
		return nil, 0, false, err
	}
	var spilled []*entry
	var to2 uint64
	whole2 := true
	if q.hasSpilled(inc) {
		if spilled, to2, whole2, err = q.scanTable(tabSpill, inc, from, tail, *room); err != nil {
			return nil, 0, false, err
		}
	}
	to, whole = max(from.seq, tail), whole1 && whole2
	switch {
	case !whole1 && !whole2:
		to = min(to1, to2)
	case !whole1:
		to = to1
	case !whole2:
		to = to2
	}
	found = append(stored, spilled...)
	slices.SortFunc(found, byPos)
	i, _ := findEntry(found, pos{from.lane, to})
	return found[:i], to, whole, nil
}

// hasSpilled says whether the incarnation may have entries in table n: of those
// before a tail that was read it is right.
func (q *Queue) hasSpilled(inc uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.spilled || q.head.inc != inc
}

// scanTable reads one table of one lane.
func (q *Queue) scanTable(tab byte, inc uint64, from pos, tail uint64, room loadRoom) (found []*entry, to uint64, whole bool, err error) {
	b := q.ns.b
	lo := posKey(nil, tab, inc, from)
	hi := posKey(nil, tab, inc, pos{from.lane, max(from.seq, tail)})
	to, whole = from.seq, true
	var failed error
	err = b.store.Scan(lo, hi, false, func(key, val []byte) bool {
		if len(found) > 0 && (len(found) >= room.n || room.bytes <= 0 && !room.light) {
			whole = false
			return false
		}
		p := keyPos(key)
		e, err := q.decodeAt(tab, inc, p, val, !room.light || room.bytes > 0)
		if damaged(err) {
			b.log.Error("a message in the store cannot be read; passing over it", "queue", q.name, "seq", p.seq, "error", err)
			to = p.seq + 1
			return true
		}
		if err != nil {
			failed = err
			return false
		}
		to = p.seq + 1
		room.bytes -= e.size
		found = append(found, e)
		return true
	})
	if err == nil {
		err = failed
	}
	return found, to, whole, err
}

// decodeAt makes the entry of a stored key and value, with its message if
// asked.
func (q *Queue) decodeAt(tab byte, inc uint64, p pos, val []byte, message bool) (*entry, error) {
	e, encoded, err := decodeEntry(bytes.Clone(val))
	if err != nil {
		return nil, err
	}
	e.pos, e.inc = p, inc
	if tab == tabSpill {
		e.keep = inSpill
	}
	if !message {
		e.group, e.note = string(append([]byte(nil), e.group...)), bytes.Clone(e.note)
		return e, nil
	}
	if e.body.id != 0 {
		err = q.ns.b.readShared(e)
	} else {
		e.msg, err = decodeMessage(encoded)
	}
	if err != nil {
		return nil, err
	}
	if len(e.deaths) > 0 {
		e.msg.Deaths = e.deaths
	}
	return e, nil
}

// scanFor moves a skipping reader on, beyond the window, until it finds a
// match or has looked at scanStep entries. What it finds waits for it among
// the returned.
func (q *Queue) scanFor(inc uint64, w scanWant) error {
	q.mu.Lock()
	if q.head.inc != inc || q.deleted {
		q.mu.Unlock()
		return nil
	}
	st, l, look := q.st, q.st.lane(w.lane), *w.r
	from, tail := look.at[w.lane], l.tail
	if from < l.horizon { // loaded since it asked, or it begins anew: the window first
		q.mu.Unlock()
		return nil
	}
	st.scanning()
	q.mu.Unlock()

	step := loadRoom{n: scanStep, bytes: st.limitBytes}
	found, to, _, err := q.scanLane(inc, pos{w.lane, from}, tail, &step)
	matches := slices.DeleteFunc(found, func(e *entry) bool { return !look.fits(e) })

	q.mu.Lock()
	defer q.mu.Unlock()
	defer st.scanned()
	if err != nil {
		return err
	}
	if q.head.inc != inc || q.deleted {
		return nil
	}
	if w.r.anew != look.anew || w.r.at[w.lane] != from {
		return nil // it is elsewhere by now, and asks again
	}
	w.r.at[w.lane] = max(from, to)
	for _, e := range matches {
		if q.st.takeable(e) {
			q.st.bringForward(e)
			q.ns.b.charge(e)
		} else if e.seq < l.horizon {
			// Loaded meanwhile: the reader must look at the window again.
			w.r.at[w.lane] = min(w.r.at[w.lane], e.seq)
		}
	}
	return nil
}
