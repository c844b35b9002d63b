package wire

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"testing"
)

// allocated is how much memory f takes, freed or not: the least of three runs,
// since what else the process does meanwhile counts too.
func allocated(f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// An announced length reserves nothing, and what arrives takes at most a few
// times its size, the copies of growing included.
func TestMemoryFollowsWhatArrived(t *testing.T) {
	var r Reader
	begin := func() {
		r = Reader{Version: V311}
		if _, _, err := r.Next([]byte{0x30, 0xff, 0xff, 0xff, 0x7f, 0}); err != nil {
			t.Error(err)
		}
	}
	if n := allocated(begin); n > 1<<10 || r.Buffered() > 1<<10 {
		t.Fatalf("allocated %d, holds %d for six bytes", n, r.Buffered())
	}
	piece := make([]byte, 1000)
	var arrived int
	n := allocated(func() {
		begin()
		arrived = 1
		for range 3000 {
			if _, _, err := r.Next(piece); err != nil {
				t.Error(err)
			}
			if arrived += len(piece); r.Buffered() > 2*arrived+1024 {
				t.Errorf("holds %d of %d", r.Buffered(), arrived)
			}
		}
	})
	if n > 5*uint64(arrived) {
		t.Fatalf("allocated %d for %d", n, arrived)
	}
}

// The longest thing that a client may leave half sent before it is authenticated.
func TestMemoryBeforeConnect(t *testing.T) {
	r := Reader{MaxPacket: MaxConnect}
	packet := append(appendVarint([]byte{0x10}, MaxConnect-4), make([]byte, MaxConnect-5)...)
	for _, b := range packet {
		if f, _, err := r.Next([]byte{b}); err != nil || f.Type != 0 {
			t.Fatal(f, err)
		}
	}
	if r.Buffered() > MaxConnect {
		t.Fatalf("holds %d", r.Buffered())
	}
	r = Reader{MaxPacket: MaxConnect}
	_, _, err := r.Next(appendVarint([]byte{0x10}, MaxConnect))
	expectCode(t, err, PacketTooLarge)
}

func expectCode(t *testing.T, err error, want Code) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != want {
		t.Fatalf("error %v, want code 0x%02x", err, byte(want))
	}
}

func TestLimitsOfDecodedPackets(t *testing.T) {
	filters := func(n int) []byte { return append([]byte{0, 1}, bytes.Repeat([]byte{0, 1, 'a', 0}, n)...) }
	n := allocated(func() {
		_, err := DecodeSubscribe(V311, Frame{Type: SUBSCRIBE, Body: filters(MaxFilters + 1)})
		expectCode(t, err, QuotaExceeded)
	})
	if n > 4<<20 {
		t.Errorf("a refused SUBSCRIBE allocated %d", n)
	}
	pk, err := DecodeSubscribe(V311, Frame{Type: SUBSCRIBE, Body: filters(MaxFilters)})
	if err != nil || len(pk.Filters) != MaxFilters {
		t.Fatal(err)
	}

	users := bytes.Repeat([]byte{0x26, 0, 0, 0, 0}, MaxProperties/5+1)
	block := append(appendVarint(nil, len(users)), users...)
	subscribe := append(append([]byte{0, 1}, block...), 0, 1, 'a', 0)
	_, err = DecodeSubscribe(V5, Frame{Type: SUBSCRIBE, Body: subscribe})
	expectCode(t, err, PacketTooLarge)
	_, err = DecodeConnect(Frame{Type: CONNECT, Body: append(append(assemble(t, "'MQTT' 05 02 00 00"), block...), 0, 0)})
	expectCode(t, err, PacketTooLarge)
	// A PUBLISH is not decoded into anything, so it has no such limit.
	if _, err := DecodePublish(V5, Frame{Type: PUBLISH, Body: append([]byte{0, 1, 'a'}, block...)}); err != nil {
		t.Fatal(err)
	}

	r := Reader{Version: V5}
	_, _, err = r.Next(appendVarint([]byte{0x82}, MaxControl))
	expectCode(t, err, PacketTooLarge)
}

func TestHotPacketsAllocateNothing(t *testing.T) {
	stream := append(assemble(t, "32 ( 'sensors/kitchen/temp' 00 01 ( 01 01 26 'k' 'v' ) \"21.5\" )"), 0x40, 2, 0, 1)
	r := Reader{Version: V5, MaxPacket: 1 << 20}
	dst := make([]byte, 0, 1024)
	out := &Outgoing{Topic: "sensors/kitchen/temp", Payload: []byte("21.5"), QoS: 1, PacketID: 1}
	n := testing.AllocsPerRun(100, func() {
		for buf := stream; len(buf) > 0; {
			f, n, err := r.Next(buf)
			if err != nil {
				t.Fatal(err)
			}
			buf = buf[n:]
			if f.Type == PUBLISH {
				_, err = DecodePublish(V5, f)
			} else {
				_, err = DecodeAck(V5, f)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		dst = AppendAck(AppendPublish(dst[:0], V5, out), V5, Ack{Type: PUBACK, PacketID: 1})
	})
	if n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkPublishDecode(b *testing.B) {
	for name, packet := range map[string][]byte{
		"311": append([]byte{0x32, 24 + 64}, append(append([]byte{0, 20}, "sensors/kitchen/temp"...), append([]byte{0, 1}, make([]byte, 64)...)...)...),
		"5":   append([]byte{0x32, 25 + 64}, append(append([]byte{0, 20}, "sensors/kitchen/temp"...), append([]byte{0, 1, 0}, make([]byte, 64)...)...)...),
	} {
		v := V311
		if name == "5" {
			v = V5
		}
		b.Run(name, func(b *testing.B) {
			r := Reader{Version: v}
			b.ReportAllocs()
			b.SetBytes(int64(len(packet)))
			for b.Loop() {
				f, _, err := r.Next(packet)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := DecodePublish(v, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPublishEncode(b *testing.B) {
	out := &Outgoing{Topic: "sensors/kitchen/temp", Payload: make([]byte, 64), QoS: 1, PacketID: 1}
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendPublish(dst[:0], V5, out)
	}
}
