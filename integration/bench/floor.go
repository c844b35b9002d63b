package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
)

// The peer "floor" is the least that a broker could do for our clients which has
// a message on the disk before it confirms it: what it cannot reach, with these
// clients and on this machine, none can. One goroutine reads a connection with a
// large buffer; what a read brought is one record of a log (floor_log.go), in the
// form in which consumers get it; when that is synced, it is confirmed with one
// write and delivered with one write to each consumer.
//
// Left out is all else: a message is gone when it was written to a consumer, or
// if there is none; acknowledgements and prefetch are read and ignored, what
// holds a publisher back is the consumer's socket. No queue outlives its
// consumers, nothing is recovered, checked, limited, routed beyond a name's
// comparison or secret. Of each protocol it knows what our clients say.

// floorDoors are the arguments of `bench floor DIR ADDR...`, in this order.
var floorDoors = []struct {
	protocol string
	serve    func(*floor, net.Conn) error
}{
	{"mqtt", (*floor).mqtt},
	{"amqp", (*floor).amqp},
	{"stomp", (*floor).stomp},
	{"sqs", (*floor).sqs},
}

// A floor is the broker.
type floor struct {
	log *floorLog

	mu       sync.Mutex // guards all below
	places   map[string]*floorPlace
	exchange map[string]string // where an AMQP queue's messages come from instead
}

// serveFloor is the process: a log's directory, and an address for each door.
func serveFloor(args []string) error {
	if len(args) != 1+len(floorDoors) {
		return errors.New("floor: want a directory and an address of each protocol")
	}
	log, err := openFloorLog(args[0])
	if err != nil {
		return err
	}
	f := &floor{log: log, places: map[string]*floorPlace{}, exchange: map[string]string{}}
	ended := make(chan error)
	for i, door := range floorDoors {
		l, err := net.Listen("tcp", args[1+i])
		if err != nil {
			return err
		}
		go func() { ended <- f.accept(l, door.serve) }()
	}
	return <-ended
}

func (f *floor) accept(l net.Listener, serve func(*floor, net.Conn) error) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close() //nolint:errcheck // the client has gone, or is wrong
			if err := serve(f, c); err != nil {
				fmt.Fprintln(os.Stderr, c.RemoteAddr(), err)
			}
		}()
	}
}

// A floorPlace is a queue, an exchange with its queues, or a topic.
type floorPlace struct {
	mu        sync.Mutex // guards all below, and orders what is delivered
	copies    bool       // every consumer gets all; else a batch goes to the next in turn
	consumers []*floorConsumer
	turn      int
}

// A floorConsumer is one subscription. Its place's lock guards it.
type floorConsumer struct {
	c   net.Conn
	tag uint64 // of the last delivery
}

func (f *floor) place(name string) *floorPlace {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.places[name]
	if p == nil {
		p = &floorPlace{}
		f.places[name] = p
	}
	return p
}

// attach subscribes a connection; call what it returns when that ends.
func (p *floorPlace) attach(c net.Conn, copies bool) (leave func()) {
	k := &floorConsumer{c: c}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.copies = copies
	p.consumers = append(p.consumers, k)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.consumers = slices.DeleteFunc(p.consumers, func(o *floorConsumer) bool { return o == k })
	}
}

// deliver writes a batch to whom it is for. Its tags become each consumer's own.
func (p *floorPlace) deliver(b *floorBatch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := p.consumers
	if !p.copies && len(to) > 1 {
		p.turn = (p.turn + 1) % len(to)
		to = to[p.turn : p.turn+1]
	}
	for _, k := range to {
		for _, at := range b.tags {
			k.tag++
			b.stamp(b.buf[at:], k.tag)
		}
		_, _ = k.c.Write(b.messages()) // a consumer that has gone leaves by itself
	}
}

// A floorBatch is messages for one place that one read brought.
type floorBatch struct {
	producer net.Conn
	place    *floorPlace
	durable  bool
	buf      []byte // the log's header, then messages as they are delivered
	tags     []int  // where in buf a delivery's tag stands
	stamp    func(at []byte, tag uint64)
	confirms []byte
}

var floorBatches = sync.Pool{New: func() any { return new(floorBatch) }}

func newFloorBatch() *floorBatch {
	b := floorBatches.Get().(*floorBatch)
	*b = floorBatch{buf: append(b.buf[:0], make([]byte, floorHeader)...), tags: b.tags[:0], confirms: b.confirms[:0]}
	return b
}

func (b *floorBatch) messages() []byte { return b.buf[floorHeader:] }

// done is called when the batch is as durable as it is to be.
func (b *floorBatch) done() {
	if len(b.confirms) > 0 {
		_, _ = b.producer.Write(b.confirms) // a producer that has gone needs none
	}
	if b.place != nil {
		b.place.deliver(b)
	}
	floorBatches.Put(b)
}

// A floorProducer gathers what one connection publishes.
type floorProducer struct {
	f      *floor
	c      net.Conn
	stamp  func(at []byte, tag uint64)
	finish func(b *floorBatch) // appends confirms that go for a whole batch; may be nil

	name  []byte // of the batch's place
	place *floorPlace
	batch *floorBatch
	whole int // bytes of the batch that are whole messages
	tag   int // where in it the tag of the message that comes stands; below 0: nowhere
}

// to says where the next message goes, and whether it is durable.
func (p *floorProducer) to(name []byte, durable bool) error {
	if p.place == nil || string(name) != string(p.name) || p.batch != nil && p.batch.durable != durable {
		if err := p.flush(); err != nil {
			return err
		}
		p.name, p.place = append(p.name[:0], name...), p.f.place(string(name))
	}
	if p.batch == nil {
		p.begin(durable)
	}
	return nil
}

func (p *floorProducer) begin(durable bool) {
	p.batch = newFloorBatch()
	p.batch.producer, p.batch.place, p.batch.durable, p.batch.stamp = p.c, p.place, durable, p.stamp
	p.whole = floorHeader
}

// add says that a message is whole.
func (p *floorProducer) add() {
	if p.whole = len(p.batch.buf); p.tag >= 0 {
		p.batch.tags = append(p.batch.tags, p.tag)
	}
}

// flush hands over what is whole. It is called before each read.
func (p *floorProducer) flush() error {
	b := p.batch
	if b == nil || p.whole == floorHeader {
		return nil
	}
	p.batch = nil
	if rest := b.buf[p.whole:]; len(rest) > 0 {
		b.buf = b.buf[:p.whole]
		p.tag -= p.whole - floorHeader
		p.begin(b.durable)
		p.batch.buf = append(p.batch.buf, rest...)
	}
	if p.finish != nil {
		p.finish(b)
	}
	if b.durable {
		return p.f.log.commit(b)
	}
	b.done()
	return nil
}
