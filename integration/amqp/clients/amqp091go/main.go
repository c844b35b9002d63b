package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// request is a line to us.
type request struct {
	N                                                   int
	Op, C, Ch                                           string
	Host, User, Password, Vhost                         string
	CA, Cert, CertKey, Secret                           string
	Port                                                int
	Confirm                                             bool
	Name, Kind, Source, Key, Exchange, Consumer         string
	Durable, AutoDelete, Internal, Passive, Exclusive   bool
	NoAck, Multiple, Requeue, Global, IfUnused, IfEmpty bool
	Mandatory                                           bool
	Args                                                map[string]any
	Tag                                                 uint64
	Count                                               int
	Message                                             *message
}

// answer is what we say to it, or an event.
type answer map[string]any

var output struct {
	sync.Mutex
	*json.Encoder
}

func write(a answer) {
	output.Lock()
	defer output.Unlock()
	if err := output.Encode(a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) // nobody listens any more
	}
}

// link is one connection.
type link struct {
	name string
	conn *amqp.Connection

	mu       sync.Mutex
	channels map[string]*channel // guarded by mu
}

// channel is one channel, and why it closed.
type channel struct {
	*amqp.Channel
	confirm bool
	closed  chan struct{}
	reason  *amqp.Error // readable after closed
}

var links sync.Map // *link by name

func main() {
	output.Encoder = json.NewEncoder(os.Stdout)
	queues := map[string]chan *request{}
	lines := bufio.NewReader(os.Stdin)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		r := &request{}
		if err := json.Unmarshal(text, r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		key := r.C + " " + r.Ch
		if queues[key] == nil {
			queues[key] = make(chan *request, 16)
			go serve(queues[key])
		}
		queues[key] <- r
	}
}

// serve answers the requests of one channel in order.
func serve(rs <-chan *request) {
	for r := range rs {
		a, err := do(r)
		if a == nil {
			a = answer{}
		}
		a["n"] = r.N
		if err != nil {
			a["error"] = err.Error()
			var e *amqp.Error
			if errors.As(err, &e) && e.Server {
				a["code"] = e.Code
			}
		}
		write(a)
	}
}

func do(r *request) (answer, error) {
	if r.Op == "connect" {
		return nil, connect(r)
	}
	found, ok := links.Load(r.C)
	if !ok {
		return nil, errors.New("no such connection")
	}
	l := found.(*link)
	switch r.Op {
	case "close":
		return nil, l.conn.Close()
	case "channel":
		return nil, l.open(r)
	case "updateSecret":
		return nil, l.conn.UpdateSecret(r.Secret, "it is time")
	}
	l.mu.Lock()
	ch := l.channels[r.Ch]
	l.mu.Unlock()
	if ch == nil {
		return nil, errors.New("no such channel")
	}
	return ch.do(l, r)
}

func connect(r *request) error {
	conn, err := dial(r)
	if err != nil {
		return err
	}
	l := &link{name: r.C, conn: conn, channels: map[string]*channel{}}
	links.Store(r.C, l)
	blocked, closed := conn.NotifyBlocked(make(chan amqp.Blocking, 16)), conn.NotifyClose(make(chan *amqp.Error, 1))
	go func() {
		for b := range blocked {
			kind := "unblocked"
			if b.Active {
				kind = "blocked"
			}
			write(answer{"c": r.C, "event": kind, "text": b.Reason})
		}
	}()
	go func() {
		e := <-closed
		if e == nil {
			e = &amqp.Error{}
		}
		write(answer{"c": r.C, "event": "closed", "code": e.Code, "text": e.Reason})
	}()
	return nil
}

// dial connects, over TLS if there is a CA, and by EXTERNAL if there is no user.
func dial(r *request) (*amqp.Connection, error) {
	url := amqp.URI{Scheme: "amqp", Host: r.Host, Port: r.Port, Username: r.User, Password: r.Password, Vhost: r.Vhost}
	if r.CA == "" {
		return amqp.Dial(url.String())
	}
	url.Scheme, url.CACertFile, url.CertFile, url.KeyFile = "amqps", r.CA, r.Cert, r.CertKey
	if r.User == "" {
		return amqp.DialConfig(url.String(), amqp.Config{SASL: []amqp.Authentication{&amqp.ExternalAuth{}}})
	}
	return amqp.Dial(url.String())
}

func (l *link) open(r *request) error {
	c, err := l.conn.Channel()
	if err != nil {
		return err
	}
	ch := &channel{Channel: c, confirm: r.Confirm, closed: make(chan struct{})}
	returns, cancels, closed := c.NotifyReturn(make(chan amqp.Return, 16)), c.NotifyCancel(make(chan string, 16)), c.NotifyClose(make(chan *amqp.Error, 1))
	go func() {
		for m := range returns {
			write(answer{"c": l.name, "ch": r.Ch, "event": "returned", "code": m.ReplyCode, "text": m.ReplyText, "message": fromReturn(&m)})
		}
	}()
	go func() {
		for tag := range cancels {
			write(answer{"c": l.name, "ch": r.Ch, "event": "cancelled", "consumer": tag})
		}
	}()
	go func() {
		if ch.reason = <-closed; ch.reason != nil {
			write(answer{"c": l.name, "ch": r.Ch, "event": "closed", "code": ch.reason.Code, "text": ch.reason.Reason})
		}
		close(ch.closed)
	}()
	l.mu.Lock()
	l.channels[r.Ch] = ch
	l.mu.Unlock()
	if r.Confirm {
		return c.Confirm(false)
	}
	return nil
}
