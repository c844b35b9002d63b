package wire

import (
	"bytes"
	"testing"
)

func published(size int) []byte {
	p := Properties{DeliveryMode: 2, ContentType: []byte("application/json"), Headers: AppendField(nil, "k", StringValue("v"))}
	p.Set(DeliveryMode, true)
	p.Set(ContentType, true)
	p.Set(Headers, true)
	b := (&BasicPublish{Exchange: []byte("orders"), RoutingKey: []byte("eu.new")}).Append(nil, 1)
	b = AppendHeader(b, 1, size, p.Append(nil))
	return AppendBody(b, 1, bytes.Repeat([]byte("b"), size), 131072)
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
