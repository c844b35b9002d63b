package mqtt

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// FuzzConnection feeds a connection sequences of packets that are nearly right:
// the input picks them and changes a byte here and there. Whatever comes, the
// broker lives, the session is let go of, and another client is served.
func FuzzConnection(f *testing.F) {
	f.Add([]byte{4, 0, 0, 1, 0, 2, 0, 3, 0})
	f.Add([]byte{5, 1, 0, 7, 0, 8, 0, 9, 0, 10, 0, 11, 0, 2, 0, 5, 3, 2, 0})
	f.Add([]byte{5, 0, 0, 5, 0, 6, 0, 12, 0, 13, 0, 14, 0, 15, 0, 3, 0, 3, 0})
	f.Add([]byte{3, 0, 0, 16, 0, 17, 0, 6, 0, 4, 0, 4, 0, 18, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		w := newWorld(t)
		if len(in) == 0 || len(in) > 400 {
			return
		}
		v := []byte{3, 4, 5}[in[0]%3]
		nc := w.dial()
		defer nc.Close()
		gone := make(chan struct{})
		go func() { // a client that reads
			defer close(gone)
			_, _ = io.Copy(io.Discard, nc)
		}()
		if err := nc.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for in = in[1:]; len(in) > 1; in = in[2:] {
			frame := encodeText(t, v, fuzzPackets[int(in[0])%len(fuzzPackets)])
			if at := int(in[1]); at > 0 {
				frame[at%len(frame)] ^= 1 << (at % 8)
			}
			if _, err := nc.Write(frame); err != nil {
				break
			}
		}
		_ = nc.(*net.TCPConn).CloseWrite()
		<-gone
		if n := w.srv.Stats().Panics.Load(); n > 0 {
			t.Fatal("a panic")
		}
		c := w.connected(byte(wire.V5), "id=a clean")
		c.send("publish topic=x qos=1 id=1 payload=alive")
		if got := c.get(); got != "puback id=1" && got != "puback id=1 code=10" {
			t.Fatal(got)
		}
	})
}

var fuzzPackets = []string{
	"connect id=a",
	"connect id=a clean p.session=100 p.receive=2 will=w/x:gone:1 will-retain",
	"subscribe id=1 x/+:2 #:1 $share/g/x/#:1",
	"publish topic=x/y payload=hello",
	"publish topic=x/y qos=1 id=5 payload=hello retain",
	"publish topic=x/y qos=2 id=6 payload=hello p.user=a:b p.expiry=10",
	"pubrel id=6",
	"puback id=1",
	"pubrec id=1",
	"pubrec id=2",
	"pubcomp id=1",
	"pubcomp id=2",
	"unsubscribe id=3 x/+ $share/g/x/#",
	"publish topic= payload=alias p.alias=1",
	"publish topic=al payload=alias p.alias=1",
	"subscribe id=9 p.sub=5 x/y:2,rap,nl $queue/none:1",
	"pingreq",
	"publish topic=x/y qos=2 id=7 dup payload=hello",
	"disconnect",
	"hex f00100",
	"hex 3080",
	"hex 82020001",
}
