package core

import (
	"bytes"
	"testing"
)

// codecPlain is a usual message: 256 B of body from a door with one header.
func codecPlain() *Message {
	return &Message{
		ID: MessageID{1, 2, 3}, Source: TopicAddress("sensors/kitchen/temp"), Body: bytes.Repeat([]byte{'x'}, 256),
		Durable: true, PublishedAt: 1_700_000_000_123, ContentType: "application/json",
		Headers: []Header{{"unit", StringValue("celsius")}},
		Origin:  Origin{"mqtt", []byte{5, 1, 0}},
		owned:   true,
	}
}

func BenchmarkAppendMessage(b *testing.B) {
	m, dst := codecPlain(), make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = appendMessage(dst[:0], m)
	}
	b.ReportMetric(float64(len(dst)-len(m.Body)), "overhead-B")
}

func BenchmarkDecodeMessage(b *testing.B) {
	stored := appendMessage(nil, codecPlain())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeMessage(stored); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMessageSize(b *testing.B) {
	m := codecPlain()
	b.ReportAllocs()
	for b.Loop() {
		messageSize(m)
	}
}

// The hot path's promises, as a test: nothing but dst, the Message and its
// headers.
func TestCodecAllocations(t *testing.T) {
	m, dst := codecPlain(), make([]byte, 0, 1024)
	stored := appendMessage(nil, m)
	for name, c := range map[string]struct {
		want float64
		f    func()
	}{
		"append": {0, func() { dst = appendMessage(dst[:0], m) }},
		"decode": {2, func() { _, _ = decodeMessage(stored) }},
		"size":   {0, func() { messageSize(m) }},
		"check":  {0, func() { _ = codecCheck(m) }},
	} {
		if got := testing.AllocsPerRun(100, c.f); got > c.want {
			t.Errorf("%s allocates %v times, want %v", name, got, c.want)
		}
	}
}
