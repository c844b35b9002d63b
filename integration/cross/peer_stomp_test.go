package cross

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3"
	"github.com/go-stomp/stomp/v3/frame"
)

// stomp12 is go-stomp, 1.2. Places: header:<name>; reply-to is a destination.
type stomp12 struct{ w world }

func (p stomp12) connect(t *testing.T) *stomp.Conn {
	t.Helper()
	conn, err := p.w.dial("stomp")
	if err != nil {
		t.Fatal(err)
	}
	c, err := stomp.Connect(conn, stomp.ConnOpt.AcceptVersion(stomp.V12), stomp.ConnOpt.HeartBeat(0, 0), stomp.ConnOpt.Host("/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect() }) // the test is over
	return c
}

func (a address) stompDestination() string {
	if a.topic {
		return "/topic/" + strings.ReplaceAll(a.name, "/", ".")
	}
	return "/queue/" + a.name
}

func (p stomp12) publish(t *testing.T, to address, s sample) {
	t.Helper()
	options := []func(*frame.Frame) error{stomp.SendOpt.Receipt, stomp.SendOpt.Header("persistent", "true")}
	contentType := ""
	for place, v := range s.form {
		_, name := split(place)
		if name == "content-type" {
			contentType = v
			continue
		}
		if n, ok := after(v, time.Millisecond); ok {
			v = strconv.FormatInt(n, 10)
		}
		options = append(options, stomp.SendOpt.Header(name, v))
	}
	if err := p.connect(t).Send(to.stompDestination(), contentType, s.body, options...); err != nil {
		t.Fatal(err)
	}
}

func (p stomp12) subscribe(t *testing.T, from address) func(*testing.T) sample {
	t.Helper()
	c := p.connect(t)
	sub, err := c.Subscribe(from.stompDestination(), stomp.AckClientIndividual)
	if err != nil {
		t.Fatal(err)
	}
	p.settled(t, c)
	return func(t *testing.T) sample {
		t.Helper()
		select {
		case m := <-sub.C:
			if m.Err != nil {
				t.Fatal(m.Err)
			}
			if err := c.Ack(m); err != nil {
				t.Fatal(err)
			}
			return fromSTOMP(m)
		case <-time.After(patience):
			t.Fatal("no message came")
			return sample{}
		}
	}
}

// settled returns when the broker has done all that it was sent before: what is
// sent behind it has its receipt.
func (p stomp12) settled(t *testing.T, c *stomp.Conn) {
	t.Helper()
	if err := c.Send("/topic/nobody.listens", "", nil, stomp.SendOpt.Receipt); err != nil {
		t.Fatal(err)
	}
}

// own are the headers of MESSAGE that are not the publisher's.
var own = map[string]bool{
	"subscription": true, "message-id": true, "destination": true, "ack": true, "content-length": true, "redelivered": true,
	"persistent": true, "receipt": true, "expires": true,
}

func fromSTOMP(m *stomp.Message) sample {
	s := sample{body: m.Body, form: map[string]string{}}
	if name, ok := strings.CutPrefix(m.Destination, "/topic/"); ok {
		s.topic = strings.ReplaceAll(name, ".", "/")
	}
	for i := range m.Header.Len() {
		name, v := m.Header.GetAt(i)
		switch {
		case own[name]:
		case name == "expiration":
			n, _ := strconv.ParseInt(v, 10, 64)
			s.form["header:"+name] = left(n, time.Millisecond)
		default:
			s.form["header:"+name] = v
		}
	}
	return s
}
