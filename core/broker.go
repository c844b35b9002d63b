package core

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a Broker is built with; zero fields take the defaults of
// doc.go's table.
type Options struct {
	Clock Clock     // required
	Rand  io.Reader // required; cryptographically strong; one reads at a time
	Log   *slog.Logger

	// Dialects are the doors' pure functions that the core calls for what it
	// stored on their behalf, by the name they declare things under.
	Dialects map[string]Dialect

	// Fatal is called once when the store failed. The process must stop:
	// nothing is confirmed any more. Default: panic.
	Fatal func(error)

	Limits Limits
}

// Clock is the time and the timers that core uses.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f in its own goroutine after d; stop prevents it if it
	// is not yet called.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// A Dialect is what a door tells the core about its own opaque data. Its
// functions are pure and safe for concurrent use; each may be nil.
type Dialect struct {
	// Merge makes one annotation of those of several bindings that route one
	// publish into the same queue, in no particular order. Default: any of
	// them.
	Merge func(notes [][]byte) []byte
	// Compile turns the stored form of a filter (selector, filter policy)
	// into a predicate.
	Compile func(filter []byte) (Predicate, error)
	// Strict bindings never match a topic path that MQTT cannot spell (with
	// `+`, `#`, NUL or invalid UTF-8); what they miss is counted.
	Strict bool
	// AsksWills has wills wait until DecideWills was called, and asks then.
	AsksWills bool
	// Refuse says why the queue of a late-bound Binding (To) is not to have a
	// message: the note of the copy that goes to DeadTo instead; nil: it may.
	// q is nil if there is no such queue, which must be refused.
	Refuse func(b *Binding, q *Queue, m *Message) (note []byte)
	// Number writes into a binding's note the number that a Gate gave the
	// message, and whether a Replay brings it.
	Number func(note []byte, number uint64, replayed bool) []byte
}

// A Predicate decides on immutable messages; it is pure.
type Predicate interface {
	Matches(*Message) bool
}

// Limits bound what clients can make the broker hold.
type Limits struct {
	MessageBytes   int   // one message with headers; default 16 MiB
	GroupBytes     int   // one atomic group; default 16 MiB
	Queues         int   // default 1,000,000
	WindowMessages int   // of one queue in memory; default 1,000
	WindowBytes    int   // of one queue in memory; default 1 MiB
	WideBytes      int   // of the same while less than a quarter of MemoryBytes is in use; default 32 MiB, none where WindowBytes is given
	WideMessages   int   // transient ones of the same, then; default 16 times WindowMessages, none where that is given
	MemoryBytes    int64 // message bytes held by all windows, deliveries and pending publishes; default 256 MiB
	ParkedBytes    int   // parked publishes of one publisher before it is asked to wait; default 1 MiB
	HeaderCount    int   // default 1,000
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.MessageBytes, 16<<20)
	set(&l.GroupBytes, 16<<20)
	set(&l.Queues, 1_000_000)
	if l.WindowMessages <= 0 {
		set(&l.WideMessages, 16_000)
	}
	set(&l.WindowMessages, 1000)
	if l.WindowBytes <= 0 {
		set(&l.WideBytes, 32<<20)
	}
	set(&l.WindowBytes, 1<<20)
	set(&l.ParkedBytes, 1<<20)
	set(&l.HeaderCount, 1000)
	if l.MemoryBytes <= 0 {
		l.MemoryBytes = 256 << 20
	}
	return l
}

// A Broker holds the namespaces of one store. Everything that changes goes
// through its committer.
type Broker struct {
	store    Store              // immutable
	clock    Clock              // immutable
	rand     io.Reader          // immutable
	log      *slog.Logger       // immutable
	dialects map[string]Dialect // immutable
	limits   Limits             // immutable
	windows  [2]windowLimits    // of queues; of grouped ones; immutable

	committer *committer // immutable
	loader    *loader    // immutable
	timers    *timers    // immutable
	sweeper   *sweeper   // immutable

	boot     uint64 // immutable: how often this store was opened
	begun    int64  // immutable: when it was opened, ms
	lastID   atomic.Uint64
	memory   atomic.Int64 // bytes of messages held in memory
	shared   shared       // those that several queues have
	left     atomic.Int64 // bytes parked by publishers that have closed
	draining atomic.Bool
	hurry    atomic.Bool // no Receive waits any longer
	holding  atomic.Bool // an operator holds publishes
	blocked  blocked
	counters counters
	crowd    crowd
	lost     lost
	options  sharedOptions
	singles  sync.Pool    // of *single
	retains  atomic.Int64 // retained values on their way to the store
	looks    atomic.Pointer[look]
	cursors  atomic.Uint64 // over retained values, ever made
	awaited  atomic.Uint64 // what was submitted before this many of them were made is in the store

	ids struct { // random bytes for message ids
		sync.Mutex
		buf [512]byte
		n   int
	}

	mu         sync.RWMutex
	namespaces map[string]*Namespace     // guarded by mu
	accounts   map[string]*Account       // by recover; Access.Keep takes them
	watchers   map[string]func(*Session) // guarded by mu; by dialect
	wills      sync.Map                  // MayWill by dialect

	parkMu sync.Mutex
	parked []*Publisher // guarded by parkMu; in order of parking
}

// New opens the broker on what the store holds: namespaces, queues, bindings,
// sessions, leases and counts are as the last durable group left them. Close
// it before the store.
func New(store Store, o Options) (*Broker, error) {
	b := &Broker{
		store: store, clock: o.Clock, rand: o.Rand, log: o.Log, dialects: o.Dialects, limits: o.Limits.withDefaults(),
		namespaces: map[string]*Namespace{}, watchers: map[string]func(*Session){}, shared: shared{byID: map[uint64]*sharing{}},
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	fatal := o.Fatal
	if fatal == nil {
		fatal = func(err error) { panic(err) }
	}
	b.windows = [2]windowLimits{
		{limitN: b.limits.WindowMessages, transientN: b.limits.WideMessages, limitBytes: b.limits.WindowBytes, wide: b.wide},
		{limitN: groupedWindow, limitBytes: b.limits.WindowBytes, wide: b.wide},
	}
	b.singles.New = b.newSingle
	b.begun = b.Now()
	b.timers = newTimers(b.clock, b.Now)
	b.blocked.timer = b.timers.new(b.lookBlocked)
	b.committer = newCommitter(store, b.clock, fatal)
	b.committer.drained = b.unparkAll
	b.sweeper = newSweeper(b)
	if err := b.recover(); err != nil {
		return nil, err
	}
	b.loader = newLoader(b)
	go b.committer.run(b)
	b.sweeper.start()
	b.wakeAll()
	if err := b.eraseRest(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close refuses new publishes, makes what is pending durable and stops every
// goroutine. It does not close the store.
func (b *Broker) Close() error {
	b.draining.Store(true)
	b.timers.close()
	b.sweeper.close()
	b.loader.close()
	b.committer.close()
	return nil
}

// Drain refuses new publishes from now on; settlements go on until Close.
func (b *Broker) Drain() { b.draining.Store(true) }

// EndWaits lets no Receive wait from now on: one that does returns at once,
// with nothing. For the beginning of a drain, when publishes still go on.
func (b *Broker) EndWaits() {
	b.hurry.Store(true)
	for _, ns := range b.Namespaces() {
		for _, q := range ns.Queues("", true) {
			q.mu.Lock()
			for q.pulls.first != nil {
				q.finishPull(q.pulls.first.p)
			}
			q.mu.Unlock()
		}
	}
}

// Default is the namespace of every account, region and vhost `/`.
func (b *Broker) Default() *Namespace {
	ns, _ := b.Namespace("")
	return ns
}

// Namespaces lists them in order of name.
func (b *Broker) Namespaces() []*Namespace {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]*Namespace, 0, len(b.namespaces))
	for _, ns := range b.namespaces {
		if !ns.gone.Load() {
			list = append(list, ns)
		}
	}
	slices.SortFunc(list, func(a, b *Namespace) int { return cmpString(a.name, b.name) })
	return list
}

// Now is the broker's time in ms.
func (b *Broker) Now() int64 { return b.clock.Now().UnixMilli() }

// submitOr submits an operation, or tells its confirm that it is too late.
func (b *Broker) submitOr(op operation, d Durability, c Confirm, token uint64) {
	if !b.committer.submit(op, d, 0) && c != nil {
		c.Confirmed(token, Outcome{Err: errf(Closed, "the broker is shutting down")})
	}
}

// newID is a number that is never given again, across restarts too.
func (b *Broker) newID() uint64 { return b.boot<<32 | b.lastID.Add(1) }

// NewMessageID is one for a door that has to know its messages again: Message.ID is
// set by the core where it is zero.
func (b *Broker) NewMessageID() (id MessageID) {
	b.ids.Lock()
	if b.ids.n == 0 {
		if _, err := io.ReadFull(b.rand, b.ids.buf[:]); err != nil {
			panic("core: no randomness: " + err.Error())
		}
		b.ids.n = len(b.ids.buf)
	}
	b.ids.n -= len(id)
	copy(id[:], b.ids.buf[b.ids.n:])
	b.ids.Unlock()
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// entryOverhead is what a message in memory costs beside its bytes.
const entryOverhead = 512

// charge counts an entry's message as memory: once, however many queues share it.
func (b *Broker) charge(e *entry) {
	if !e.charged {
		e.charged = true
		n := entryOverhead
		switch {
		case e.sharers == nil:
			n += e.size
		case e.sharers.entries.Add(1) == 1:
			n += e.size
			b.shared.enter(e)
		}
		b.memory.Add(int64(n))
	}
}

func (b *Broker) uncharge(e *entry) {
	if e.charged {
		e.charged = false
		n := entryOverhead
		switch {
		case e.sharers == nil:
			n += e.size
		case e.sharers.entries.Add(-1) == 0:
			n += e.size
			b.shared.leave(e.sharers)
		}
		b.memory.Add(-int64(n))
	}
}

// dropBody forgets a leased entry's message, which the store has.
func (b *Broker) dropBody(e *entry) {
	b.uncharge(e)
	e.dropBody()
}

// scarce says that memory is short: deliveries do not keep their message, and
// loading brings one message at a time.
func (b *Broker) scarce() bool { return b.memory.Load() > b.limits.MemoryBytes/2 }

// wide is how many bytes a lane's window may hold just now, if that is more than
// Limits.WindowBytes: large messages that are consumed as they come need not be
// read back from the store. Under 0: a window may not grow at all, so that any
// number of queues that nobody reads keep to the budget.
func (b *Broker) wide() int {
	switch held := b.memory.Load(); {
	case held > b.limits.MemoryBytes:
		return -1
	case held > b.limits.MemoryBytes/4:
		return 0
	}
	return b.limits.WideBytes
}

// windowLimits are those of a queue.
func (b *Broker) windowLimits(grouped bool) *windowLimits {
	if grouped {
		return &b.windows[1]
	}
	return &b.windows[0]
}

// overMemory says that nothing more may be held that can be kept elsewhere.
func (b *Broker) overMemory() bool { return b.memory.Load() > b.limits.MemoryBytes }

// overBudget says that publishes must park until the committer caught up.
func (b *Broker) overBudget() bool {
	return b.holding.Load() || b.committer.backlog() > b.limits.MemoryBytes/4
}

// park has a publisher looked after once the committer caught up, or the disk
// has room.
func (b *Broker) park(p *Publisher) {
	b.parkMu.Lock()
	if !p.queued {
		p.queued = true
		b.parked = append(b.parked, p)
	}
	b.parkMu.Unlock()
	if p.patient {
		b.blocked.lookSoon(b)
	}
}

// unparkAll admits what is parked, as far as the budget and the disk go. Called
// by who commits after each group.
func (b *Broker) unparkAll() {
	if b.overBudget() {
		return
	}
	b.parkMu.Lock()
	list := b.parked
	b.parked = nil
	for _, p := range list {
		p.queued = false
	}
	b.parkMu.Unlock()
	for _, p := range list {
		if p.unpark(b) {
			b.park(p)
		}
	}
}

func (b *Broker) versionKey() []byte { return []byte{tabDef, 'x'} }

// layoutVersion is of all that the core keeps in its store. It is raised when a
// record's version is, and by nothing else; the older records stay as they are.
// An older binary refuses a store that a newer one has opened, rather than pass
// over what it cannot read.
//
//	1  not written: eight bytes of begin alone
//	2  entryVersion 2
const layoutVersion = 2

// begin counts this start of the store, and marks it as of this layout.
func (b *Broker) begin() error {
	key := b.versionKey()
	_, err := b.store.Get(key, func(val []byte) error {
		switch {
		case len(val) == 9 && val[8] > layoutVersion:
			return errf(Invalid, "the store is of a newer Slipway: its layout is %d, this one reads up to %d", val[8], layoutVersion)
		case len(val) != 8 && len(val) != 9:
			return errEntry
		}
		b.boot = binary.BigEndian.Uint64(val)
		return nil
	})
	if err != nil {
		return err
	}
	b.boot++
	batch := b.store.NewBatch()
	batch.Set(key, append(be64(nil, b.boot), layoutVersion))
	if err := b.store.Apply(batch, Durable); err != nil {
		return err
	}
	return b.discardSpill()
}

// discardSpill throws away the transient messages of the run before, with
// their hold on shared bodies.
func (b *Broker) discardSpill() error {
	for {
		n, g := 0, &staging{b: b, batch: b.store.NewBatch()}
		err := b.store.Scan([]byte{tabSpill}, []byte{tabSpill + 1}, false, func(key, val []byte) bool {
			if e, _, err := decodeEntry(bytes.Clone(val)); err == nil && len(key) == entryKeySize {
				e.body.release(g)
				if e.expires != 0 {
					g.batch.Delete(expiryKey(nil, binary.BigEndian.Uint64(key[1:]), e.expires, keyPos(key)))
				}
			}
			g.batch.Delete(key)
			n++
			return n < sweepBatch
		})
		if err != nil || n == 0 {
			g.batch.Close()
			return err
		}
		if err := b.store.Apply(g.batch, Lazy); err != nil {
			return err
		}
	}
}
