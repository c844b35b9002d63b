package stomp

import (
	"strings"
	"testing"
)

var versions = []string{"1.0", "1.1", "1.2"}

// each runs a test for every version.
func each(t *testing.T, f func(t *testing.T, v string)) {
	for _, v := range versions {
		t.Run(v, func(t *testing.T) { f(t, v) })
	}
}

func TestConnect(t *testing.T) {
	w := newWorld(t)
	for accept, want := range map[string]string{"1.0": "1.0", "1.0,1.1": "1.1", "1.0,1.1,1.2": "1.2", "1.1,7": "1.1"} {
		c := w.client()
		c.send("STOMP accept-version:%s; host:whatever", accept)
		c.want("CONNECTED version:%s; session:*; server:slipway", want)
	}
	c := w.client()
	c.send("CONNECT login:guest; passcode:guest")
	c.want("CONNECTED version:1.0; -heart-beat:")
	c.send("DISCONNECT receipt:bye")
	c.want("RECEIPT receipt-id:bye")
	c.wantEnd()
	for line, message := range map[string]string{
		"CONNECT accept-version:3.0": "supported protocol versions are 1.0,1.1,1.2", "SEND destination:/queue/a": "the first frame",
		"CONNECT accept-version:1.2; heart-beat:x": "heart-beat", "CONNECT accept-version:1.2; client-id:" + strings.Repeat("x", 300): "client-id", "GET x:y": "the first frame",
	} {
		w.client().refused(line, message)
	}
	c = w.client()
	c.raw("\x16\x03\x01nonsense\n\n")
	c.want("ERROR version:1.0,1.1,1.2; message:Malformed frame")
	c.wantEnd()
}

func TestSendAndReceipt(t *testing.T) {
	each(t, func(t *testing.T, v string) {
		w := newWorld(t)
		c := w.connected(v)
		c.send("SEND destination:/queue/a; persistent:true; receipt:1; color:blue | hello")
		c.want("RECEIPT receipt-id:1")
		c.send("SUBSCRIBE id:s; destination:/queue/a")
		f := c.want("MESSAGE subscription:s; destination:/queue/a; persistent:true; color:blue; content-length:5; message-id:*; -ack:; -receipt:; redelivered:false | hello")
		if len(f.get("message-id")) != 36 {
			t.Errorf("message-id %s", f.get("message-id"))
		}
		w.eventually("the settlement", func() bool { return w.counts("a").InFlight == 0 })
		c.send("SEND destination:/queue/a | a\\0b")
		c.want("MESSAGE content-length:3 | a\x00b")
		c.send("SEND destination:/queue/a")
		c.want("MESSAGE content-length:0 | ")
		c.send("UNSUBSCRIBE id:s; receipt:3")
		c.want("RECEIPT receipt-id:3")
		c.send("SEND destination:/queue/a | later")
		c.sync()
		if n := w.counts("a"); n.Ready != 1 || n.Consumers != 0 {
			t.Errorf("%+v", n)
		}
	})
}

func TestEscapedHeaders(t *testing.T) {
	w := newWorld(t)
	c, old, oldest := w.connected("1.2"), w.connected("1.1"), w.connected("1.0")
	for _, s := range []*client{c, old, oldest} {
		s.send("SUBSCRIBE id:s; destination:/topic/a")
		s.sync()
	}
	c.send("SEND destination:/topic/a; a:b:c\\nd | x")
	c.want("MESSAGE a:b:c\\nd | x")
	old.want("MESSAGE a:b:c\\nd | x")
	oldest.want("MESSAGE -a:; a;base64:YjpjCmQ=")
}

func TestSubscribeOld(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.send("CONNECT")
	c.want("CONNECTED")
	c.send("SUBSCRIBE destination:/queue/a; ack:client")
	c.send("SEND destination:/queue/a | 1")
	c.send("SEND destination:/queue/a | 2")
	c.want("MESSAGE destination:/queue/a; -subscription:; -ack: | 1")
	f := c.want("MESSAGE | 2")
	c.send("ACK message-id:%s", f.get("message-id"))
	c.sync()
	if n := w.counts("a"); n.InFlight != 0 || n.Ready != 0 {
		t.Errorf("%+v", n)
	}
	c.send("UNSUBSCRIBE destination:/queue/a")
	c.sync()
	if n := w.counts("a"); n.Consumers != 0 {
		t.Errorf("%+v", n)
	}
}

// ackLine is how a version acknowledges a message.
func ackLine(command string, v string, f *frame) string {
	if v == "1.2" {
		return command + " id:" + f.get("ack")
	}
	return command + " message-id:" + f.get("message-id") + "; subscription:" + f.get("subscription")
}

func TestAckModes(t *testing.T) {
	each(t, func(t *testing.T, v string) {
		w := newWorld(t)
		c := w.connected(v)
		for _, mode := range []string{"client", "client-individual"} {
			c.send("SUBSCRIBE id:s; destination:/queue/%s; ack:%s", mode, mode)
			var got [3]frame
			for i := range got {
				c.send("SEND destination:/queue/%s | %d", mode, i)
				got[i] = *c.want("MESSAGE subscription:s | %d", i)
			}
			c.send("%s; receipt:r", ackLine("ACK", v, &got[1]))
			c.want("RECEIPT receipt-id:r")
			left := int64(1)
			if mode == "client-individual" {
				left = 2
			}
			if n := w.counts(mode); n.InFlight != left {
				t.Errorf("%s: %d are left", mode, n.InFlight)
			}
			c.send("%s", ackLine("ACK", v, &got[1])) // again: nothing
			c.send("UNSUBSCRIBE id:s; receipt:u")
			c.want("RECEIPT receipt-id:u")
			if n := w.counts(mode); n.Ready != left {
				t.Errorf("%s: %d came back", mode, n.Ready)
			}
			c.send("SUBSCRIBE id:s; destination:/queue/%s", mode)
			for i := range left {
				body := "2"
				if left == 2 && i == 0 {
					body = "0"
				}
				c.want("MESSAGE redelivered:true; x-delivery-count:1 | %s", body)
			}
			c.send("UNSUBSCRIBE id:s")
		}
	})
}

func TestNack(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:dead; destination:/queue/dead")
	c.send("SUBSCRIBE id:s; destination:/queue/a; ack:client-individual; x-dead-letter-exchange:; x-dead-letter-routing-key:dead")
	c.send("SEND destination:/queue/a; color:red | x")
	f := c.want("MESSAGE redelivered:false | x")
	c.send("NACK id:%s", f.get("ack"))
	f = c.want("MESSAGE redelivered:true | x")
	c.send("NACK id:%s; requeue:false; receipt:1", f.get("message-id"))
	f1, f2 := c.want2()
	if f1.command == "RECEIPT" {
		f1, f2 = f2, f1
	}
	if f2.command != "RECEIPT" || f1.get("subscription") != "dead" || f1.get("color") != "red" || f1.get("x-first-death-queue") != "a" || f1.get("x-first-death-reason") != "rejected" ||
		!strings.Contains(f1.get("x-death"), `"queue":"a","reason":"rejected","count":1`) {
		t.Errorf("%q, %q", f1, f2)
	}
}

// want2 reads two frames that may come in any order.
func (c *client) want2() (a, b frame) {
	c.t.Helper()
	a, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	if b, err = c.read(); err != nil {
		c.t.Fatal(err)
	}
	return a, b
}

func TestTransactions(t *testing.T) {
	each(t, func(t *testing.T, v string) {
		w := newWorld(t)
		c, other := w.connected(v), w.connected(v)
		other.send("SUBSCRIBE id:o; destination:/queue/out")
		other.sync()
		c.send("SUBSCRIBE id:s; destination:/queue/in; ack:client")
		c.send("SEND destination:/queue/in | job")
		f := c.want("MESSAGE | job")
		c.send("BEGIN transaction:t; receipt:0")
		c.want("RECEIPT receipt-id:0")
		c.send("SEND destination:/queue/out; transaction:t | 1")
		c.send("%s; transaction:t", ackLine("ACK", v, f))
		c.send("ABORT transaction:t; receipt:1")
		c.want("RECEIPT receipt-id:1")
		if n := w.counts("in"); n.InFlight != 1 {
			t.Fatalf("%+v", n)
		}
		other.sync()
		c.send("BEGIN transaction:t")
		c.send("SEND destination:/queue/out; transaction:t; persistent:true | 2")
		c.send("SEND destination:/queue/out,/queue/more; transaction:t; receipt:2 | 3")
		c.send("%s; transaction:t", ackLine("ACK", v, f))
		c.want("RECEIPT receipt-id:2")
		other.sync()
		c.send("COMMIT transaction:t; receipt:3")
		c.want("RECEIPT receipt-id:3")
		other.want("MESSAGE -transaction: | 2")
		other.want("MESSAGE | 3")
		if n := w.counts("in"); n.InFlight != 0 || n.Ready != 0 {
			t.Fatalf("%+v", n)
		}
		if n := w.counts("more"); n.Ready != 1 {
			t.Fatalf("%+v", n)
		}
		c.send("BEGIN transaction:gone")
		c.send("SEND destination:/queue/more; transaction:gone | never")
		c.sync()
		w.cut(c)
		if n := w.counts("more"); n.Ready != 1 {
			t.Fatalf("%+v", n)
		}
	})
}

func TestRefused(t *testing.T) {
	w := newWorld(t)
	for line, message := range map[string]string{
		"SEND a:b":                                                          "destination",
		"SEND destination:/nowhere/a":                                       "no destination",
		"SEND destination:/amq/queue/missing":                               "no queue missing",
		"SEND destination:/exchange/missing/k":                              "no exchange missing",
		"SEND destination:/topic/$SYS.x":                                    "begin with $",
		"SEND destination:/queue/":                                          "names nothing",
		"SEND destination:/queue/a; transaction:t":                          "no transaction t",
		"SEND destination:/queue/a; priority:high":                          "priority",
		"SEND destination:/queue/a; x-overflow:mad":                         "x-overflow",
		"SEND destination:/queue/stomp/sub/x":                               "the server's",
		"SUBSCRIBE id:1":                                                    "destination",
		"SUBSCRIBE id:1; destination:/queue/a; ack:maybe":                   "ack is",
		"SUBSCRIBE id:1; destination:/queue/a; selector:a =":                "selector",
		"SUBSCRIBE id:1; destination:/queue/a.>.b":                          "> stands only",
		"SUBSCRIBE id:1; destination:/queue/a.*,/queue/b":                   "one of several",
		"SUBSCRIBE id:1; destination:/queue/a.*; browser:true":              "one queue",
		"SUBSCRIBE id:1; destination:/topic/a.>.b":                          "",
		"SUBSCRIBE id:1; destination:/topic/a; activemq.subscriptionName:n": "client-id",
		"UNSUBSCRIBE id:7":                                                  "no subscription 7",
		"ACK id:77":                                                         "unacknowledged",
		"ACK x:y":                                                           "needs the header id",
		"NACK id:1.1":                                                       "unacknowledged",
		"BEGIN x:y":                                                         "transaction",
		"COMMIT transaction:no":                                             "no transaction no",
		"ABORT transaction:no":                                              "no transaction no",
		"CONNECT x:y":                                                       "no command",
		"NOISE x:y":                                                         "no command",
	} {
		if message == "" {
			continue
		}
		c := w.connected("1.2")
		c.refused(line+"; receipt:r", message)
		if c.last.get("receipt-id") != "r" {
			t.Errorf("%s: %q", line, c.last)
		}
	}
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:1; destination:/queue/a")
	c.refused("SUBSCRIBE id:1; destination:/queue/b", "Duplicated")
	c = w.connected("1.2")
	c.send("BEGIN transaction:t")
	c.refused("BEGIN transaction:t", "there is a transaction")
	c = w.connected("1.2")
	c.raw("SEND\ndestination:/queue/a\ncontent-length:99999999999\n\n")
	c.want("ERROR message:Malformed frame")
	c.wantEnd()
}

func TestReceiptsBeforeError(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.raw("SEND\ndestination:/queue/a\npersistent:true\nreceipt:1\n\nx\x00NOISE\n\n\x00")
	c.want("RECEIPT receipt-id:1")
	c.want("ERROR -receipt-id:")
	c.wantEnd()
}

func TestFullQueue(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SEND destination:/queue/a; x-max-length:1; x-overflow:reject-publish; receipt:1 | 1")
	c.want("RECEIPT receipt-id:1")
	c.refused("SEND destination:/queue/a; x-max-length:1; x-overflow:reject-publish; receipt:2 | 2", "Queue is full")
	if c.last.get("receipt-id") != "2" {
		t.Errorf("%q", c.last)
	}
}
