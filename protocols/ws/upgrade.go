package ws

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Door is what a client may ask for.
type Door struct {
	Name         string   // also of its path, behind a slash
	Subprotocols []string // as registered with IANA or as its clients write
	// Messages has a frame of the protocol in each message, as text where it is
	// text; such a door also takes text. Else messages are pieces of a stream.
	Messages bool
	// First says that a connection which begins so wants this door. nil: it has to
	// be named.
	First func(begin []byte) bool
}

// Config of an Upgrader; zero values mean the default in brackets.
type Config struct {
	Doors []Door
	// Refuse says why a request is not served [all are]. The request's TLS state
	// is set where there is one.
	Refuse     func(r *http.Request) string
	MaxMessage int64           // bytes of one message of a client [16 MiB]
	Ping       time.Duration   // a client that is silent for so long is asked, and cut after as long again [30 s]
	CloseCode  func(error) int // the code that tells a client why a connection ended [1000]
}

// Upgrader makes connections. Any goroutine may use it.
type Upgrader struct {
	cfg     Config              // immutable
	gorilla *websocket.Upgrader // immutable
}

const (
	maxRequest  = 8 << 10 // bytes of the request
	writeBuffer = 4 << 10 // lent while a message is written
)

var buffers sync.Pool

// New makes an Upgrader.
func New(cfg Config) *Upgrader {
	if cfg.MaxMessage <= 0 {
		cfg.MaxMessage = 16 << 20
	}
	if cfg.Ping <= 0 {
		cfg.Ping = 30 * time.Second
	}
	if cfg.Refuse == nil {
		cfg.Refuse = func(*http.Request) string { return "" }
	}
	if cfg.CloseCode == nil {
		cfg.CloseCode = func(error) int { return websocket.CloseNormalClosure }
	}
	return &Upgrader{cfg, &websocket.Upgrader{
		ReadBufferSize:  128, // the least: nobody reads with it
		WriteBufferSize: writeBuffer, WriteBufferPool: &buffers,
		CheckOrigin: func(*http.Request) bool { return true }, // Refuse did
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			_ = refuse(w, status, strings.TrimPrefix(reason.Error(), "websocket: ")) // gorilla returns reason
		},
	}}
}

// Upgrade reads the request from nc and answers it. The connection is for the
// door that it names; nobody else uses nc from here on. With an error the
// request has been answered, and the caller closes nc.
func (u *Upgrader) Upgrade(nc net.Conn) (net.Conn, string, error) {
	br := bufio.NewReaderSize(io.LimitReader(nc, maxRequest), 1<<10)
	r, err := http.ReadRequest(br)
	if err != nil {
		return nil, "", fmt.Errorf("websocket: reading the request: %w", err)
	}
	if tc, ok := nc.(*tls.Conn); ok {
		state := tc.ConnectionState()
		r.TLS = &state
	}
	w := &response{nc: nc, unread: br.Buffered(), header: http.Header{}}
	door, subprotocol := u.named(r)
	switch {
	case !websocket.IsWebSocketUpgrade(r):
		w.header.Set("Upgrade", "websocket")
		return nil, "", refuse(w, http.StatusUpgradeRequired, "this is for WebSocket: "+u.list())
	case door == nil && strings.Trim(r.URL.Path, "/") != "" && !u.sniffs():
		return nil, "", refuse(w, http.StatusNotFound, "there is "+u.list())
	}
	if why := u.cfg.Refuse(r); why != "" {
		return nil, "", refuse(w, http.StatusForbidden, "refused, since "+why)
	}
	header := http.Header{}
	if subprotocol != "" {
		header.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	g, err := u.gorilla.Upgrade(w, r, header)
	if err != nil {
		return nil, "", err
	}
	return u.open(nc, g, door)
}

// named is the door that a request names, and the subprotocol to say so.
func (u *Upgrader) named(r *http.Request) (*Door, string) {
	for _, asked := range websocket.Subprotocols(r) {
		for i := range u.cfg.Doors {
			for _, has := range u.cfg.Doors[i].Subprotocols {
				if asked == has {
					return &u.cfg.Doors[i], asked
				}
			}
		}
	}
	for i := range u.cfg.Doors {
		if d := &u.cfg.Doors[i]; strings.Trim(r.URL.Path, "/") == d.Name {
			return d, ""
		}
	}
	return nil, ""
}

func (u *Upgrader) sniffs() bool {
	for i := range u.cfg.Doors {
		if u.cfg.Doors[i].First != nil {
			return true
		}
	}
	return false
}

// open picks the door, if need be by what the client says first.
func (u *Upgrader) open(nc net.Conn, g *websocket.Conn, door *Door) (net.Conn, string, error) {
	c := newConn(nc, g, &u.cfg, door == nil || door.Messages)
	if door == nil {
		begin := make([]byte, 64)
		n, err := c.Read(begin)
		if err != nil {
			c.stopPings()
			return nil, "", fmt.Errorf("websocket: no subprotocol, no path of a door, and then: %w", err)
		}
		c.ahead = begin[:n]
		if door = u.knows(c.ahead); door == nil {
			c.goodbye(websocket.ClosePolicyViolation)
			c.stopPings()
			return nil, "", errNoDoor
		}
	}
	if c.messages = door.Messages; c.text && !c.messages {
		err := c.fail(errText)
		c.stopPings()
		return nil, "", err
	}
	if c.messages {
		return &messageConn{Conn: c}, door.Name, nil
	}
	return c, door.Name, nil
}

var errNoDoor = errors.New("websocket: the client names no door, and its first bytes are none's")

func (u *Upgrader) knows(begin []byte) *Door {
	for i := range u.cfg.Doors {
		if d := &u.cfg.Doors[i]; d.First != nil && d.First(begin) {
			return d
		}
	}
	return nil
}

// list tells a person what there is.
func (u *Upgrader) list() string {
	var all []string
	for _, d := range u.cfg.Doors {
		all = append(all, fmt.Sprintf("/%s (subprotocols %s)", d.Name, strings.Join(d.Subprotocols, ", ")))
	}
	return strings.Join(all, "; ")
}

// refuse answers in text, and is the error.
func refuse(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // who has gone is nobody to tell
	return fmt.Errorf("websocket: %d: %s", status, text)
}

// response is what gorilla needs of net/http: the way to an answer that refuses,
// or to the connection.
type response struct {
	nc     net.Conn
	unread int // bytes that came with the request
	header http.Header
	status int
}

func (w *response) Header() http.Header    { return w.header }
func (w *response) WriteHeader(status int) { w.status = status }

// Write writes all of an answer.
func (w *response) Write(body []byte) (int, error) {
	answer := http.Response{
		StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Header: w.header, Close: true,
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(string(body))),
	}
	return len(body), answer.Write(w.nc)
}

// Hijack gives the connection with its deadlines out of gorilla's reach: they
// are those of protocols.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.unread > 0 {
		return nil, nil, errors.New("bytes before the handshake's end")
	}
	nc := &gather{Conn: w.nc}
	return nc, bufio.NewReadWriter(bufio.NewReaderSize(strings.NewReader(""), 16), bufio.NewWriterSize(nc, 16)), nil
}
