package mqtt

import (
	"bufio"
	"fmt"
	"io"
	"testing"
)

// One publisher, one or many subscribers, QoS 0 and 1, over loopback.
func BenchmarkPublish(b *testing.B) {
	for _, tc := range []struct{ qos, subscribers int }{{0, 0}, {0, 1}, {0, 100}, {1, 1}} {
		b.Run(fmt.Sprintf("qos%d/subscribers%d", tc.qos, tc.subscribers), func(b *testing.B) {
			w := newWorld(b, func(w *world) { w.net.OutputLimit = 1 << 30 }) // nothing is dropped
			var done []chan struct{}
			size := len(encodeText(b, 4, fmt.Sprintf("publish topic=bench/topic qos=%d id=1 payload=x*100", tc.qos)))
			for i := range tc.subscribers {
				s := w.connected(4, fmt.Sprintf("id=s%d clean", i))
				s.send("subscribe id=1 bench/+:%d", tc.qos)
				s.get()
				ch := make(chan struct{})
				done = append(done, ch)
				go func() {
					defer close(ch)
					receive(s, tc.qos, b.N, size)
				}()
			}
			pub := w.connected(4, "id=pub clean")
			frame := encodeText(b, 4, fmt.Sprintf("publish topic=bench/topic qos=%d id=1 payload=x*100", tc.qos))
			go func() { _, _ = io.Copy(io.Discard, pub.r) }()
			out := bufio.NewWriterSize(pub.nc, 8<<10)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := out.Write(frame); err != nil {
					b.Fatal(err)
				}
			}
			out.Flush()
			for _, ch := range done {
				<-ch
			}
		})
	}
}

// receive takes n publishes and
// acknowledges.
func receive(c *client, qos, n, size int) {
	buf := make([]byte, size)
	for range n {
		if _, err := io.ReadFull(c.r, buf); err != nil {
			return
		}
		if qos == 1 {
			id := buf[2+2+len("bench/topic"):]
			if _, err := c.nc.Write([]byte{0x40, 2, id[0], id[1]}); err != nil {
				return
			}
		}
	}
}
