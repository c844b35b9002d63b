package stomp

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// patience is how long a message may take.
const patience = 30 * time.Second

// event is what a connection got.
type event struct {
	C       string            `json:"c"`
	M       int               `json:"m"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
	Closed  bool              `json:"closed"`
	Failure string            `json:"failure"`
}

// player is a driver whose events are sorted by connection.
type player struct {
	p *driver.Process

	mu  sync.Mutex
	all map[string]chan event // guarded by mu
}

func newPlayer(p *driver.Process) *player {
	pl := &player{p: p, all: map[string]chan event{}}
	go func() {
		for line := range p.Lines() {
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				e = event{Failure: string(line)}
			}
			pl.of(e.C) <- e
		}
	}()
	return pl
}

func (pl *player) of(c string) chan event {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if pl.all[c] == nil {
		pl.all[c] = make(chan event, 10_000)
	}
	return pl.all[c]
}

// broker is what is tested.
type broker struct {
	address        map[string]string // by transport
	user, password string
	ca             string
}

// cell is one behaviour of one client: its steps.
type cell struct {
	*testing.T
	player    *player
	broker    broker
	version   string
	transport string
	tag       string // of this cell, in every destination
	proxies   map[string]*proxy
}

type headers = map[string]string

func (x *cell) ask(op, c string, more map[string]any) (event, error) {
	x.Helper()
	request := map[string]any{"op": op, "c": x.tag + c}
	maps.Copy(request, more)
	var answer struct {
		event
		Error string `json:"error"`
	}
	x.player.p.Ask(x, request, &answer)
	if answer.Error != "" {
		return answer.event, fmt.Errorf("%s %s: %s", op, c, answer.Error)
	}
	return answer.event, nil
}

func (x *cell) must(op, c string, more map[string]any) event {
	x.Helper()
	e, err := x.ask(op, c, more)
	if err != nil {
		x.Fatal(err)
	}
	return e
}

// tryConnect connects through a proxy of its own.
func (x *cell) tryConnect(c string, more map[string]any) (event, error) {
	x.Helper()
	p := startProxy(x.T, x.broker.address[x.transport])
	x.proxies[c] = p
	x.Cleanup(func() { _, _ = x.ask("close", c, nil) }) // most drivers have nothing to do then
	_, port, err := net.SplitHostPort(p.ln.Addr().String())
	if err != nil {
		x.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		x.Fatal(err)
	}
	request := map[string]any{
		"transport": x.transport, "host": "localhost", "port": number, "ca": x.broker.ca, "user": x.broker.user, "password": x.broker.password, "version": x.version,
	}
	maps.Copy(request, more)
	return x.ask("connect", c, request)
}

func (x *cell) connect(c string, more ...map[string]any) event {
	x.Helper()
	all := map[string]any{}
	for _, m := range more {
		maps.Copy(all, m)
	}
	e, err := x.tryConnect(c, all)
	if err != nil {
		x.Fatal(err)
	}
	return e
}

// dest puts the cell's tag before the last part of a destination's prefix.
func (x *cell) dest(d string) string {
	i := strings.LastIndex(d, "/") + 1
	return d[:i] + x.tag + d[i:]
}

func (x *cell) subscribe(c, id, dest, ack string, hs headers) {
	x.Helper()
	x.must("subscribe", c, map[string]any{"id": id, "destination": x.dest(dest), "ack": ack, "headers": hs})
	x.sync(c)
}

// sync makes sure that what was sent before was taken, also by clients that ask
// for no receipt there.
func (x *cell) sync(c string) {
	x.Helper()
	x.must("send", c, map[string]any{"destination": "/topic/" + x.tag + "sync", "receipt": true})
}

func (x *cell) send(c, dest, body string, hs headers) { x.sendIn(c, "", dest, body, hs) }

// sendIn sends, in a transaction if one is named, and waits for the receipt.
func (x *cell) sendIn(c, tx, dest, body string, hs headers) {
	x.Helper()
	x.must("send", c, map[string]any{"destination": x.dest(dest), "body": []byte(body), "headers": hs, "receipt": true, "transaction": tx})
}

// next is what comes next.
func (x *cell) next(c string) event {
	x.Helper()
	select {
	case e := <-x.player.of(x.tag + c):
		return e
	case <-time.After(patience):
		x.Fatalf("nothing comes for %s", c)
		return event{}
	}
}

// gets reads messages with these bodies, in order.
func (x *cell) gets(c string, bodies ...string) (all []event) {
	x.Helper()
	for _, body := range bodies {
		e := x.next(c)
		if e.Closed || string(e.Body) != body {
			x.Fatalf("%s gets %.200q %q %v, not %.200q", c, e.Body, e.Failure, e.Headers, body)
		}
		all = append(all, e)
	}
	return all
}

// nothing shows that nothing was on its way to a subscriber of a destination.
func (x *cell) nothing(c, dest string) {
	x.Helper()
	x.send(c, dest, "the last", nil)
	x.gets(c, "the last")
}

// ends reads the end of a connection, after what else there is.
func (x *cell) ends(c string) event {
	x.Helper()
	for {
		if e := x.next(c); e.Closed {
			return e
		}
	}
}

func (x *cell) ack(op, c string, e event, tx string) {
	x.Helper()
	x.must(op, c, map[string]any{"m": e.M, "transaction": tx})
	x.sync(c)
}

func (x *cell) want(e event, hs headers) {
	x.Helper()
	for _, name := range slices.Sorted(maps.Keys(hs)) {
		if got := e.Headers[name]; got != hs[name] {
			x.Errorf("%s is %q, not %q", name, got, hs[name])
		}
	}
}
