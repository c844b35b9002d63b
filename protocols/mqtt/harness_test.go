package mqtt

import (
	"log/slog"
	"net"
	"testing"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/doortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a broker with the door open.
type world struct {
	t     testing.TB
	store core.Store
	cfg   Config
	opt   core.Options
	net   protocols.Config
	pipe  bool // over net.Pipe, for fake time

	door *doortest.Door
	b    *core.Broker
	h    *Handler
	srv  *protocols.Server
	addr string
}

func newWorld(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, store: memstore.New(memstore.Options{})}
	w.net.Log = slog.New(slog.DiscardHandler)
	w.cfg.Log = w.net.Log
	for _, f := range change {
		f(w)
	}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.t.Helper()
	o := w.opt
	o.Dialects = map[string]core.Dialect{DialectName: Dialect()}
	w.door = doortest.Open(w.t, doortest.Config{
		Protocol: "mqtt", Store: w.store, Options: o, Net: w.net, Pipes: w.pipe,
		Handler: func(b *core.Broker) protocols.Handler {
			cfg := w.cfg
			cfg.Broker = b
			w.h = New(cfg)
			return w.h
		},
	})
	w.b, w.srv, w.addr = w.door.Broker, w.door.Server, w.door.Addr
}

// close stops the door and the broker; what is still connected is cut.
func (w *world) close() {
	if w.door != nil {
		w.door.Close()
		w.door = nil
	}
}

// restart is a clean stop and a start on the same store.
func (w *world) restart() {
	w.t.Helper()
	w.close()
	w.open()
}

func (w *world) dial() net.Conn { return w.door.Dial(w.t) }
