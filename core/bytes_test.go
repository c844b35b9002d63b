package core_test

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// wide is a message of 10 bytes with many more of headers.
func wide() core.Message {
	return core.Message{Body: []byte("0123456789"), Durable: true, AppID: strings.Repeat("a", 200),
		Headers: []core.Header{{Name: "h", Value: core.StringValue(strings.Repeat("v", 1000))}}}
}

// A queue's bytes are those of bodies alone: ready, in flight and after a restart.
func TestBytesAreBodies(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	declare(t, b, "drop", durable(core.QueueOptions{MaxBytes: 25}))
	full := declare(t, b, "full", durable(core.QueueOptions{MaxBytes: 25, Overflow: core.RejectPublish}))
	for range 2 {
		publish(t, b, core.QueueAddress("drop"), wide())
		publish(t, b, core.QueueAddress("full"), wide())
	}
	publish(t, b, core.QueueAddress("drop"), wide())
	m := wide()
	_, err := b.Default().Publish(t.Context(), &core.Publication{Message: &m, To: core.QueueAddress("full")})
	if core.KindOf(err) != core.Full {
		t.Errorf("a third of ten bytes: %v", err)
	}
	check := func(q *core.Queue, ready, bytes, held int64) {
		t.Helper()
		if c := q.Counts(); c.Ready != ready || c.Bytes != bytes || c.InFlightBytes != held {
			t.Errorf("%s: %+v, not %d of %d bytes and %d held", q.Name(), c, ready, bytes, held)
		}
	}
	check(full, 2, 20, 0)
	ds := receive(t, full, core.ReceiveOptions{Max: 1})
	check(full, 1, 10, 10)
	settle(t, full, core.Requeue, ds)
	check(full, 2, 20, 0)
	b.Close()
	b = open(t, store)
	defer b.Close()
	full, _ = b.Default().Queue("full")
	drop, _ := b.Default().Queue("drop")
	check(full, 2, 20, 0)
	check(drop, 2, 20, 0)
}

// What an older layout counted with its headers is counted so until it leaves.
func TestBytesOfAnOlderLayout(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	declare(t, b, "q", durable(core.QueueOptions{}))
	for range 2 {
		publish(t, b, core.QueueAddress("q"), wide())
	}
	b.Close()
	size := toFirstLayout(t, store)
	b = open(t, store)
	defer b.Close()
	q, _ := b.Default().Queue("q")
	for i, want := range []int64{2 * size, 2*size + 10, size + 10, 10, 0} {
		switch i {
		case 0:
		case 1:
			publish(t, b, core.QueueAddress("q"), wide())
		default:
			settle(t, q, core.Ack, receive(t, q, core.ReceiveOptions{Max: 1}))
		}
		if c := q.Counts(); c.Bytes != want {
			t.Errorf("step %d: %d bytes, not %d", i, c.Bytes, want)
		}
	}
}

// toFirstLayout rewrites what the store has as entries and heads of version 1 and
// returns the size of its last entry.
func toFirstLayout(t *testing.T, store core.Store) (size int64) {
	batch := store.NewBatch()
	var inc, entries int64
	scan := func(table byte, f func(k, v []byte)) {
		if err := store.Scan([]byte{table}, []byte{table + 1}, false, func(k, v []byte) bool { f(k, v); return true }); err != nil {
			t.Fatal(err)
		}
	}
	scan('m', func(k, v []byte) {
		rest := v[2:]
		_, n := binary.Uvarint(rest)
		s, m := binary.Uvarint(rest[n:])
		_, counted := binary.Uvarint(rest[n+m:])
		old := append([]byte{1}, v[1:2+n+m]...)
		batch.Set(append([]byte(nil), k...), append(old, rest[n+m+counted:]...))
		size, entries = int64(s), entries+1
	})
	scan('h', func(k, v []byte) {
		at := 9
		for range 4 {
			_, n := binary.Uvarint(v[at:])
			at += n
		}
		if at == len(v) {
			return
		}
		at += 2 // lane, n
		_, n := binary.Uvarint(v[at:])
		old := binary.AppendUvarint(append([]byte(nil), v[:at]...), uint64(entries*size))
		batch.Set(append([]byte(nil), k...), append(old, v[at+n:]...))
		inc++
	})
	batch.Set([]byte{'c', 'x'}, binary.BigEndian.AppendUint64(nil, 1))
	if entries == 0 || inc != 1 {
		t.Fatalf("%d entries in %d queues", entries, inc)
	}
	if err := store.Apply(batch, core.Durable); err != nil {
		t.Fatal(err)
	}
	return size
}

func TestNewerLayoutIsRefused(t *testing.T) {
	store := memstore.New(memstore.Options{})
	batch := store.NewBatch()
	batch.Set([]byte{'c', 'x'}, append(binary.BigEndian.AppendUint64(nil, 1), 200))
	if err := store.Apply(batch, core.Durable); err != nil {
		t.Fatal(err)
	}
	_, err := core.New(store, core.Options{Clock: clock{}, Rand: rand.Reader, Fatal: func(error) {}})
	if err == nil || !strings.Contains(err.Error(), "newer Slipway") {
		t.Errorf("%v", err)
	}
}

func settle(t *testing.T, q *core.Queue, how core.Settlement, ds []core.Delivery) {
	t.Helper()
	for _, d := range ds {
		if errs, err := q.Settle(t.Context(), how, d.Receipt); err != nil || errs[0] != nil {
			t.Fatal(errs, err)
		}
	}
}
