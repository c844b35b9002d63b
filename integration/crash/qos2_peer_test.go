package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// A peer is an MQTT client whose session outlives its connections, on its own
// side too: what it has in the air it keeps in order, and repeats on the next
// connection [MQTT-4.4.0-1], [MQTT-4.6.0-1]. Used by one goroutine at a time.
type peer struct {
	name    string
	wire    string // of doors.Wires
	number  int    // of its messages, in the tallies
	total   int    // messages to publish
	tally   *tally // what came; nil if it does not subscribe
	fuse    *fuse  // of this round
	cutting bool   // it breaks its connection now and then

	next      int // message
	lastID    uint16
	air       []flight        // published, PUBCOMP is due; in order
	held      map[uint16]bool // packet ids of received messages until PUBREL
	ended     bool            // the last message of all came
	published chan struct{}   // closed when PUBCOMP came for all

	repeated, dups, lateReleases, cuts int // counters
}

// flight is a message on its way to the broker.
type flight struct {
	id       uint16
	message  int
	released bool // PUBREC came: from now on only PUBREL is sent [MQTT-4.3.3-1]
}

// inFlight is how many messages a peer has in the air.
const inFlight = 100

// theEnd is the message after which nothing comes.
const theEnd = "the end"

var errCut = errors.New("the client broke the connection")

// A fuse burns down by a packet each, and then a kill is due.
type fuse struct {
	left  atomic.Int64
	burnt chan struct{}
}

func newFuse(length int64) *fuse {
	f := &fuse{burnt: make(chan struct{})}
	f.left.Store(length)
	return f
}

func (f *fuse) burn() {
	if f.left.Add(-1) == 0 {
		close(f.burnt)
	}
}

// meet makes the session.
func (p *peer) meet(b *daemon.Broker) error {
	l, err := dial(b, p.wire)
	if err != nil {
		return err
	}
	defer l.Close()
	present, err := l.hello(p.name)
	if err == nil && present {
		err = fmt.Errorf("%s: there is a session already", p.name)
	}
	if err == nil && p.tally != nil {
		err = l.follow("qos2/#")
	}
	return errors.Join(err, l.bye())
}

// run connects, again after it broke the connection itself, until all is through
// or the broker ends.
func (p *peer) run(b *daemon.Broker) error {
	for {
		err := p.attend(b)
		if !errors.Is(err, errCut) {
			return err
		}
		p.cuts++
	}
}

func (p *peer) attend(b *daemon.Broker) error {
	l, err := dial(b, p.wire)
	if err != nil {
		return err
	}
	defer l.Close()
	present, err := l.hello(p.name)
	if err != nil {
		return err
	}
	if !present {
		return fmt.Errorf("%s: the session is gone", p.name)
	}
	p.repeat(l)
	for p.fill(l); !p.through(); p.fill(l) {
		in, err := l.read()
		if err != nil {
			return err
		}
		if err := p.handle(l, in); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		p.fuse.burn()
		if p.cutting && rand.IntN(3000) == 0 {
			return errCut
		}
	}
	return l.bye()
}

// repeat sends what the connection before left open.
func (p *peer) repeat(l *link) {
	p.repeated += len(p.air)
	for _, f := range p.air {
		if f.released {
			l.ack(pubrel, f.id)
			continue
		}
		p.send(l, f, dupFlag)
	}
}

func (p *peer) send(l *link, f flight, flags byte) {
	l.write(publish|exactlyOnce|flags, text("qos2/"+p.name), number(f.id), p.body(f.message))
}

func (p *peer) body(message int) []byte {
	if p.number < 0 {
		return []byte(theEnd)
	}
	return bodyOf(p.number, message)
}

// fill brings as many messages into the air as may be.
func (p *peer) fill(l *link) {
	for len(p.air) < inFlight && p.next < p.total {
		f := flight{id: p.freeID(), message: p.next}
		p.next++
		p.air = append(p.air, f)
		p.send(l, f, 0)
	}
}

// freeID goes around few packet ids, so that each is used again soon.
func (p *peer) freeID() uint16 {
	for {
		p.lastID = p.lastID%(inFlight+20) + 1
		if p.flightOf(p.lastID) < 0 {
			return p.lastID
		}
	}
}

func (p *peer) flightOf(id uint16) int {
	return slices.IndexFunc(p.air, func(f flight) bool { return f.id == id })
}

// through says that there is nothing left to send or to wait for.
func (p *peer) through() bool {
	return p.next == p.total && len(p.air) == 0 && len(p.held) == 0 && (p.tally == nil || p.ended)
}

func (p *peer) handle(l *link, in packet) error {
	if in.first&0xf0 == publish {
		return p.take(l, in)
	}
	id, err := in.id()
	if err != nil {
		return err
	}
	i := p.flightOf(id)
	switch in.first {
	case pubrec:
		if i < 0 {
			return fmt.Errorf("PUBREC for %d, which is not in use", id)
		}
		p.air[i].released = true
		l.ack(pubrel, id)
	case pubcomp:
		if i < 0 || !p.air[i].released {
			return fmt.Errorf("PUBCOMP for %d, for which no PUBREL was sent", id)
		}
		p.air = slices.Delete(p.air, i, i+1)
		if p.next == p.total && len(p.air) == 0 {
			close(p.published)
		}
	case pubrel:
		if !p.held[id] {
			p.lateReleases++ // our PUBCOMP was lost
		}
		delete(p.held, id)
		l.ack(pubcomp, id)
	default:
		return fmt.Errorf("the broker sent %x", in.first)
	}
	return nil
}

// take receives a message the first time, and then only says so again
// [MQTT-4.3.3-2].
func (p *peer) take(l *link, in packet) error {
	id, body, err := in.message()
	if err != nil {
		return err
	}
	again := in.first&dupFlag != 0
	if again {
		p.dups++
	}
	switch {
	case p.tally == nil:
		return errors.New("a message came without a subscription")
	case p.held[id] && !again:
		return fmt.Errorf("PUBLISH with packet id %d, which is in use, and without DUP [MQTT-3.3.1-1]", id)
	case p.held[id]:
	case string(body) == theEnd:
		p.ended = true
	default:
		p.tally.take(body)
	}
	p.held[id] = true
	l.ack(pubrec, id)
	return nil
}
