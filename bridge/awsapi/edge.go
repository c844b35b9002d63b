package awsapi

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// Config is what an edge is made of. Zero values of the limits mean the defaults.
type Config struct {
	Registry     *Registry
	Account      string // 12 digits
	Region       string
	ExternalURL  string   // scheme://host[:port] of queue URLs; empty: the host the client used
	AllowedHosts []string // hosts beside loopback that are served without authentication: names, *.suffixes, or * for all
	Log          *slog.Logger

	// Verify checks signatures; Signatures.Verifier makes one. Nil: requests are
	// served whether signed or not.
	Verify Verifier
	// AllowAnonymous says that Verify lets in strangers who may do everything, so
	// that web pages must be kept out as where nothing verifies.
	AllowAnonymous bool

	// Files, if not nil, may answer a request without a signature, such as the one
	// for the certificate that notifications are signed with; false: it is no file's.
	Files func(http.ResponseWriter, *http.Request) bool

	MaxBody      int           // bytes of one request's body; default 4 MiB
	MaxReception int64         // bytes of all bodies held together; default 256 MiB
	MaxInFlight  int64         // requests being served, long polls included; default 16,384
	BodyTimeout  time.Duration // to send a body, and to take a reply; default 30 s
	NewRequestID func() string // default: a random UUID
}

// Defaults of Config. A body of 1 MiB may grow threefold in the Query form; the
// rest is overhead.
const (
	DefaultMaxBody      = 4 << 20
	DefaultMaxReception = 256 << 20
	DefaultMaxInFlight  = 16_384
	DefaultBodyTimeout  = 30 * time.Second
)

// Edge is the http.Handler of all services.
type Edge struct {
	cfg   Config // immutable
	guard *Guard // immutable

	inFlight  atomic.Int64 // requests being served
	reception atomic.Int64 // bytes of bodies held
	refused   refused
}

// New makes an edge.
func New(cfg Config) *Edge {
	setDefault(&cfg.MaxBody, DefaultMaxBody)
	setDefault(&cfg.MaxReception, DefaultMaxReception)
	setDefault(&cfg.MaxInFlight, DefaultMaxInFlight)
	setDefault(&cfg.BodyTimeout, DefaultBodyTimeout)
	if cfg.NewRequestID == nil {
		cfg.NewRequestID = newRequestID
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.ExternalURL = strings.TrimRight(cfg.ExternalURL, "/")
	return &Edge{cfg: cfg, guard: NewGuard("aws.allowed_hosts", cfg.AllowedHosts, cfg.ExternalURL)}
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// newRequestID is a UUID of version 4, as AWS's request ids are.
func newRequestID() string {
	var b [16]byte // no secret: the runtime's generator will do
	binary.LittleEndian.PutUint64(b[:], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var room [36]byte
	text := room[:0]
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}

// ServeHTTP answers one request.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := &turn{edge: e, w: w, r: r, call: Call{RequestID: e.cfg.NewRequestID(), Remote: r.RemoteAddr, log: e.cfg.Log}}
	if t.call.Protocol = Query; r.Header.Get("X-Amz-Target") != "" {
		t.call.Protocol = JSON
	}
	defer t.rest()
	defer t.recover()
	if e.cfg.Files != nil && e.cfg.Files(w, r) {
		return
	}
	t.hurry()
	if e.inFlight.Add(1) > e.cfg.MaxInFlight {
		e.inFlight.Add(-1)
		t.fail(wire.ServiceUnavailable.New("Too many requests are being served"))
		return
	}
	defer e.inFlight.Add(-1)
	defer func() { e.reception.Add(-t.held) }()
	if err := t.serve(); err != nil {
		t.tellRefused(err)
		t.fail(err)
	}
}

// turn is one request on its way through the edge; its goroutine owns it.
type turn struct {
	edge  *Edge
	w     http.ResponseWriter
	r     *http.Request
	call  Call
	body  []byte
	held  int64 // bytes charged to edge.reception
	query *wire.Query
	done  bool // the reply was begun

	unread     bool // some of the body may not have come yet
	hurried    bool // a deadline is on it
	unverified bool // it is not known who sent it

	ctx   patient     // the handler's
	kept  atomic.Bool // the body's last byte is in body and still to be read
	again [1]byte     // that byte, then
}

// serve goes through the stages of doc.go; its error is the reply.
func (t *turn) serve() error {
	if t.edge.cfg.Verify == nil {
		if err := t.guard("no users are configured"); err != nil {
			return err
		}
	}
	if err := t.receive(); err != nil {
		return err
	}
	a, err := t.route()
	if err != nil {
		return err
	}
	if err := t.verify(); err != nil {
		t.unverified = true
		return err
	}
	if a.run == nil {
		return notProvided(a)
	}
	t.ctx = patient{t.r.Context(), t}
	out, err := a.run(&t.ctx, &t.call, t.decode)
	if err != nil {
		return err
	}
	t.reply(a, out)
	return nil
}

func (t *turn) verify() error {
	if t.edge.cfg.Verify == nil {
		return nil
	}
	p, err := t.edge.cfg.Verify(&t.call, t.r, t.body)
	t.call.Principal = p
	if err == nil && p.Anonymous() && t.edge.cfg.AllowAnonymous {
		return t.guard("it is nobody's whom the broker knows")
	}
	return err
}

// guard refuses what a web page may have sent, where anonymous may do everything.
func (t *turn) guard(since string) error {
	if why := t.edge.guard.Refusal(t.r); why != "" {
		return wire.AccessDenied.New("The request was refused, since " + since + " and " + why + ".")
	}
	return nil
}

// decode fills an input and checks it; the same for both forms from there on.
func (t *turn) decode(in wire.Input) *wire.Error {
	if t.call.Protocol == JSON {
		r := wire.NewJSONReader(t.text())
		in.(wire.JSONInput).DecodeJSON(&r) // route lets JSON through only for services that have it
		if err := r.End(); err != nil {
			return err
		}
	} else {
		in.DecodeQuery(t.query, "")
		if err := t.query.Err(); err != nil {
			return err
		}
	}
	v := wire.NewValidator(t.call.Service)
	in.Validate(&v)
	return v.Err()
}

// fail answers an error. What is no *Error is ours: the client gets no detail of
// it and the operator one line. A client that has gone away gets neither.
func (t *turn) fail(err error) {
	var e *Error
	if !errors.As(err, &e) {
		if t.r.Context().Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
			return
		}
		t.call.log.Error("AWS request failed", "error", err, "service", t.serviceName(),
			"action", t.call.Operation, "request_id", t.call.RequestID, "remote", t.call.Remote)
		e = t.internal()
	}
	t.replyError(e)
}

func (t *turn) internal() *Error {
	kind := wire.InternalFailure
	if s := t.call.Service; s != nil && s.Internal != nil {
		kind = s.Internal
	}
	return kind.New("The request failed inside the broker; its log has the cause under this request id.")
}

func (t *turn) serviceName() string {
	if t.call.Service == nil {
		return ""
	}
	return t.call.Service.Name
}

// recover keeps a handler's panic to its own request.
func (t *turn) recover() {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		panic(v)
	}
	t.call.log.Error("AWS request panicked", "panic", v, "service", t.serviceName(), "action", t.call.Operation,
		"request_id", t.call.RequestID, "stack", string(debug.Stack()))
	if !t.done {
		t.replyError(t.internal())
	}
}
