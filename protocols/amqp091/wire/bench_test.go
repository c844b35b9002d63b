package wire

import (
	"bytes"
	"testing"
)

func published(size int) []byte { return appendPublished(nil, bytes.Repeat([]byte("b"), size)) }

// appendPublished appends a publish with a few properties.
func appendPublished(dst, body []byte) []byte {
	var buf [64]byte
	p := Properties{DeliveryMode: 2, ContentType: []byte("application/json"), Headers: AppendField(buf[:0], "k", StringValue("v"))}
	p.Set(DeliveryMode, true)
	p.Set(ContentType, true)
	p.Set(Headers, true)
	var props [128]byte
	dst = (&BasicPublish{Exchange: []byte("orders"), RoutingKey: []byte("eu.new")}).Append(dst, 1)
	dst = AppendHeader(dst, 1, len(body), p.Append(props[:0]))
	return AppendBody(dst, 1, body, 131072)
}

// BenchmarkPublish reads one publish: three frames, their arguments and the
// properties.
func BenchmarkPublish(b *testing.B) {
	stream := published(256)
	r := Reader{Max: 131072}
	b.ReportAllocs()
	for b.Loop() {
		var m BasicPublish
		var p Properties
		for rest := stream; len(rest) > 0; {
			f, n, err := r.Next(rest)
			if err != nil {
				b.Fatal(err)
			}
			rest = rest[n:]
			switch f.Type {
			case FrameMethod:
				_, args, _ := SplitMethod(f.Payload)
				err = m.Decode(args)
			case FrameHeader:
				var h Header
				if h, err = DecodeHeader(f.Payload); err == nil {
					err = p.Decode(h.Properties)
				}
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkDeliver writes one delivery.
func BenchmarkDeliver(b *testing.B) {
	body, props := bytes.Repeat([]byte("b"), 256), []byte{0x10, 0, 2}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendDeliver(dst[:0], 1, "ctag", 1, false, "orders", "eu.new")
		dst = AppendHeader(dst, 1, len(body), props)
		dst = AppendBody(dst, 1, body, 131072)
	}
}

// Neither reading nor writing a message allocates.
func TestNoAllocation(t *testing.T) {
	stream, dst := published(256), make([]byte, 0, 1024)
	body := bytes.Repeat([]byte("b"), 256)
	r := Reader{Max: 131072}
	if n := testing.AllocsPerRun(100, func() {
		dst = appendPublished(dst[:0], body)
		for rest := stream; len(rest) > 0; {
			f, n, err := r.Next(rest)
			if err != nil {
				t.Fatal(err)
			}
			if rest = rest[n:]; f.Type == FrameHeader {
				var p Properties
				if h, err := DecodeHeader(f.Payload); err != nil || p.Decode(h.Properties) != nil {
					t.Fatal(err)
				}
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
