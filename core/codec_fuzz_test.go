package core

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"
)

// A codecSeed turns arbitrary bytes into a message; zero when it runs out.
type codecSeed []byte

func codecGenerate(data []byte) *Message {
	s := codecSeed(data)
	m := &Message{Text: s.byte()&1 != 0, Durable: s.byte()&1 != 0, Priority: s.byte(), owned: true}
	m.Lowest = m.Priority == 0 && m.Text
	copy(m.ID[:], s.bytes())
	m.Source, m.ReplyTo = s.address(), s.address()
	m.Correlation, m.Origin = s.bytes(), Origin{s.string(), s.bytes()}
	for _, t := range codecTimes(m) {
		*t = int64(s.uint64())
	}
	for _, p := range codecStrings(m) {
		*p = s.string()
	}
	m.Headers = s.headers(0)
	m.Body = s.bytes()
	return m
}

func (s *codecSeed) byte() (b byte) {
	if len(*s) > 0 {
		b, *s = (*s)[0], (*s)[1:]
	}
	return b
}

func (s *codecSeed) bytes() []byte {
	n := min(int(s.byte()%24), len(*s))
	if n == 0 {
		return nil
	}
	b := (*s)[:n:n]
	*s = (*s)[n:]
	return b
}

func (s *codecSeed) string() string { return string(s.bytes()) }

func (s *codecSeed) uint64() uint64 {
	var b [8]byte
	copy(b[:], s.bytes())
	return binary.LittleEndian.Uint64(b[:])
}

func (s *codecSeed) address() Address {
	a := Address{Kind: AddressKind(s.byte() % 4), Name: s.string()}
	if a.Kind == ToExchange {
		a.Key = s.string()
	}
	return a
}

func (s *codecSeed) headers(depth int) (hs []Header) {
	for range s.byte() % 6 {
		hs = append(hs, Header{s.string(), s.value(depth)})
	}
	return hs
}

func (s *codecSeed) value(depth int) Value {
	v := Value{Kind: ValueKind(s.byte()) % (Map + 1)}
	if v.Kind >= Array && depth == codecMaxDepth {
		return Value{}
	}
	switch v.Kind {
	case String, Number:
		v.Str = s.string()
	case Bytes:
		v.Raw = s.bytes()
	case Bool:
		v = BoolValue(s.byte()&1 != 0)
	case Int, Uint, Float, Time:
		v.num = s.uint64()
	case Array:
		for range s.byte() % 6 {
			v.List = append(v.List, s.value(depth+1))
		}
	case Map:
		v.Map = s.headers(depth + 1)
	}
	return v
}

// Arbitrary bytes: no panic, bounded memory, and what is accepted is the same
// after another turn.
func FuzzDecodeMessage(f *testing.F) {
	f.Add(appendMessage(nil, codecFull()))
	f.Add(appendMessage(nil, codecPlain()))
	f.Add(appendMessage(nil, &Message{Headers: []Header{{"deep", codecNested(codecMaxDepth)}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m *Message
		var err error
		if got := codecAllocated(func() { m, err = decodeMessage(b) }); got > codecAllocBound(len(b)) {
			t.Fatalf("%d bytes made decode allocate %d", len(b), got)
		}
		if err != nil {
			if m != nil {
				t.Fatal("a message and an error")
			}
			return
		}
		codecRoundTrip(t, m)
	})
}

// Arbitrary messages: all that passes codecCheck is read as it was written.
func FuzzEncodeMessage(f *testing.F) {
	f.Add(bytes.Repeat([]byte{1, 2, 3, 5, 9, 10}, 60))
	f.Add(bytes.Repeat([]byte{9, 10, 5, 1, 0xFF, 7, 23}, 60))
	f.Fuzz(func(t *testing.T, data []byte) { codecRoundTrip(t, codecGenerate(data)) })
}

func FuzzDecodeDeaths(f *testing.F) {
	f.Add(appendDeaths(nil, codecFullDeaths()))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d []Death
		var rest []byte
		var err error
		if got := codecAllocated(func() { d, rest, err = decodeDeaths(b) }); got > codecAllocBound(len(b)) {
			t.Fatalf("%d bytes made decode allocate %d", len(b), got)
		}
		if err != nil {
			return
		}
		if !bytes.HasSuffix(b, rest) {
			t.Fatal("rest is not the end")
		}
		again, rest, err := decodeDeaths(appendDeaths(nil, d))
		if err != nil || len(rest) != 0 || !reflect.DeepEqual(again, d) {
			t.Fatalf("%+v, %q, %v; was %+v", again, rest, err, d)
		}
	})
}
