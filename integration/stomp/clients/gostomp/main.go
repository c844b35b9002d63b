package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/go-stomp/stomp/v3"
	"github.com/go-stomp/stomp/v3/frame"
	"github.com/gorilla/websocket"
)

type request struct {
	N           int               `json:"n"`
	Op          string            `json:"op"`
	C           string            `json:"c"`
	Transport   string            `json:"transport"`
	Host        string            `json:"host"`
	Port        int               `json:"port"`
	CA          string            `json:"ca"`
	User        string            `json:"user"`
	Password    string            `json:"password"`
	Version     string            `json:"version"`
	Send        int               `json:"send"`
	Receive     int               `json:"receive"`
	ID          string            `json:"id"`
	Destination string            `json:"destination"`
	Ack         string            `json:"ack"`
	Headers     map[string]string `json:"headers"`
	Body        []byte            `json:"body"`
	Receipt     bool              `json:"receipt"`
	Transaction string            `json:"transaction"`
	M           int               `json:"m"`
}

// connection is one of the library's.
type connection struct {
	name string
	conn *stomp.Conn

	mu       sync.Mutex
	subs     map[string]*stomp.Subscription // guarded by mu
	txs      map[string]*stomp.Transaction  // guarded by mu
	messages []*stomp.Message               // guarded by mu; those received
}

var (
	out   sync.Mutex
	all   = map[string]*connection{} // guarded by allMu
	allMu sync.Mutex
)

func write(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	out.Lock()
	defer out.Unlock()
	fmt.Println(string(text))
}

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		text, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			panic(err)
		}
		go answer(&r)
	}
}

func answer(r *request) {
	headers, err := do(r)
	line := map[string]any{"n": r.N, "headers": headers}
	if err != nil {
		line["error"] = err.Error()
	}
	write(line)
}

func do(r *request) (map[string]string, error) {
	if r.Op == "connect" {
		return connect(r)
	}
	allMu.Lock()
	c := all[r.C]
	allMu.Unlock()
	if c == nil {
		return nil, fmt.Errorf("no connection %s", r.C)
	}
	op := map[string]func(*connection, *request) error{
		"subscribe": (*connection).subscribe, "unsubscribe": (*connection).unsubscribe, "send": (*connection).send, "ack": (*connection).ack, "nack": (*connection).ack,
		"begin": (*connection).begin, "commit": (*connection).commit, "abort": (*connection).abort, "disconnect": (*connection).disconnect,
	}[r.Op]
	if op == nil {
		return nil, fmt.Errorf("no %s", r.Op)
	}
	return nil, op(c, r)
}

func connect(r *request) (map[string]string, error) {
	nc, err := dial(r)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{}
	opts := []func(*stomp.Conn) error{
		stomp.ConnOpt.AcceptVersion(stomp.Version(r.Version)), stomp.ConnOpt.Login(r.User, r.Password), stomp.ConnOpt.Host("/"),
		stomp.ConnOpt.HeartBeat(time.Duration(r.Send)*time.Millisecond, time.Duration(r.Receive)*time.Millisecond), stomp.ConnOpt.HeartBeatError(time.Second),
		stomp.ConnOpt.ResponseHeaders(func(h *frame.Header) {
			for i := range h.Len() {
				k, v := h.GetAt(i)
				headers[k] = v
			}
		}),
	}
	for k, v := range r.Headers {
		opts = append(opts, stomp.ConnOpt.Header(k, v))
	}
	conn, err := stomp.Connect(nc, opts...)
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	c := &connection{name: r.C, conn: conn, subs: map[string]*stomp.Subscription{}, txs: map[string]*stomp.Transaction{}}
	allMu.Lock()
	all[r.C] = c
	allMu.Unlock()
	return headers, nil
}

func dial(r *request) (io.ReadWriteCloser, error) {
	address := net.JoinHostPort(r.Host, strconv.Itoa(r.Port))
	conf := &tls.Config{ServerName: r.Host}
	if r.CA != "" {
		pem, err := os.ReadFile(r.CA)
		if err != nil {
			return nil, err
		}
		conf.RootCAs = x509.NewCertPool()
		conf.RootCAs.AppendCertsFromPEM(pem)
	}
	switch r.Transport {
	case "tls":
		return tls.Dial("tcp", address, conf)
	case "ws", "wss":
		d := websocket.Dialer{TLSClientConfig: conf, Subprotocols: []string{"v12.stomp"}}
		ws, answer, err := d.Dial(r.Transport+"://"+address+"/stomp", nil)
		if err != nil {
			return nil, err
		}
		return &stream{ws: ws}, answer.Body.Close()
	}
	return net.Dial("tcp", address)
}

// stream is the bytes of a WebSocket's messages.
type stream struct {
	ws *websocket.Conn
	r  io.Reader
}

func (s *stream) Read(p []byte) (int, error) {
	for {
		if s.r == nil {
			var err error
			if _, s.r, err = s.ws.NextReader(); err != nil {
				return 0, err
			}
		}
		n, err := s.r.Read(p)
		if errors.Is(err, io.EOF) {
			s.r, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (s *stream) Write(p []byte) (int, error) {
	return len(p), s.ws.WriteMessage(websocket.BinaryMessage, p)
}
func (s *stream) Close() error { return s.ws.Close() }

var ackModes = map[string]stomp.AckMode{"": stomp.AckAuto, "auto": stomp.AckAuto, "client": stomp.AckClient, "client-individual": stomp.AckClientIndividual}

func (c *connection) subscribe(r *request) error {
	opts := []func(*frame.Frame) error{stomp.SubscribeOpt.Id(r.ID)}
	for k, v := range r.Headers {
		opts = append(opts, stomp.SubscribeOpt.Header(k, v))
	}
	sub, err := c.conn.Subscribe(r.Destination, ackModes[r.Ack], opts...)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.subs[r.ID] = sub
	c.mu.Unlock()
	go c.read(sub)
	return nil
}

func (c *connection) read(sub *stomp.Subscription) {
	for m := range sub.C {
		if m.Err != nil {
			line := map[string]any{"c": c.name, "closed": true}
			var e *stomp.Error
			if errors.As(m.Err, &e) {
				line["failure"] = e.Message
			}
			write(line)
			continue
		}
		headers := map[string]string{}
		for i := m.Header.Len() - 1; i >= 0; i-- {
			k, v := m.Header.GetAt(i)
			headers[k] = v
		}
		c.mu.Lock()
		c.messages = append(c.messages, m)
		n := len(c.messages)
		c.mu.Unlock()
		write(map[string]any{"c": c.name, "headers": headers, "body": m.Body, "m": n})
	}
}

func (c *connection) unsubscribe(r *request) error {
	c.mu.Lock()
	sub := c.subs[r.ID]
	c.mu.Unlock()
	var opts []func(*frame.Frame) error
	for k, v := range r.Headers {
		opts = append(opts, stomp.SubscribeOpt.Header(k, v))
	}
	return sub.Unsubscribe(opts...)
}

func (c *connection) transaction(name string) *stomp.Transaction {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.txs[name]
}

func (c *connection) send(r *request) error {
	var opts []func(*frame.Frame) error
	for k, v := range r.Headers {
		opts = append(opts, stomp.SendOpt.Header(k, v))
	}
	if r.Receipt {
		opts = append(opts, stomp.SendOpt.Receipt)
	}
	if tx := c.transaction(r.Transaction); tx != nil {
		return tx.Send(r.Destination, "", r.Body, opts...)
	}
	return c.conn.Send(r.Destination, "", r.Body, opts...)
}

func (c *connection) ack(r *request) error {
	c.mu.Lock()
	m := c.messages[r.M-1]
	c.mu.Unlock()
	tx := c.transaction(r.Transaction)
	switch {
	case tx != nil:
		return tx.Ack(m)
	case r.Op == "nack":
		return c.conn.Nack(m)
	}
	return c.conn.Ack(m)
}

func (c *connection) begin(r *request) error {
	tx, err := c.conn.BeginWithError()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.txs[r.Transaction] = tx
	return err
}

func (c *connection) commit(r *request) error {
	return c.transaction(r.Transaction).CommitWithReceipt()
}
func (c *connection) abort(r *request) error    { return c.transaction(r.Transaction).AbortWithReceipt() }
func (c *connection) disconnect(*request) error { return c.conn.Disconnect() }
