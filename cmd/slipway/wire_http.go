package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/config"
)

// httpDoor is the listeners of one door that speaks HTTP.
type httpDoor struct {
	name    string
	log     *slog.Logger
	limits  config.Limits
	servers []*http.Server // appended to before the first serves
	serving sync.WaitGroup

	open              atomic.Int64
	accepted, refused atomic.Uint64
}

func newHTTPDoor(name string, cfg config.Config, log *slog.Logger) *httpDoor {
	return &httpDoor{name: name, limits: cfg.Limits, log: log}
}

// serve answers on ln in a goroutine that ends with drain. broken is told if it
// ends otherwise.
func (d *httpDoor) serve(ln net.Listener, h http.Handler, broken chan<- error) {
	srv := awsapi.NewServer(h, d.log)
	srv.ReadHeaderTimeout = d.limits.HandshakeTimeout
	srv.ConnState = d.count
	d.servers = append(d.servers, srv)
	d.serving.Go(func() {
		if err := srv.Serve(awsapi.Listener(ln)); !errors.Is(err, http.ErrServerClosed) {
			select {
			case broken <- fmt.Errorf("%s on %s: %w", d.name, ln.Addr(), err):
			default: // one that broke before is being told
			}
		}
	})
}

// count follows connections, and closes those over the limit.
func (d *httpDoor) count(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		d.accepted.Add(1)
		if d.open.Add(1) > int64(d.limits.MaxConnections) {
			d.refused.Add(1)
			_ = c.Close() // refused: there is nobody to tell
		}
	case http.StateClosed, http.StateHijacked:
		d.open.Add(-1)
	}
}

// drain stops accepting, lets requests finish until ctx ends, and cuts the rest.
func (d *httpDoor) drain(ctx context.Context) error {
	var errs []error
	for _, srv := range d.servers {
		if err := srv.Shutdown(ctx); err != nil {
			_ = srv.Close() // what is cut off has no more to say
			errs = append(errs, fmt.Errorf("%s: requests were cut off: %w", d.name, err))
		}
	}
	d.serving.Wait()
	return errors.Join(errs...)
}

func (d *httpDoor) traffic() []admin.Traffic {
	return []admin.Traffic{
		{Door: d.name, Name: "http_connections", Help: "Open HTTP connections.", Value: float64(d.open.Load()), Gauge: true},
		{Door: d.name, Name: "http_connections_accepted", Help: "HTTP connections accepted.", Value: float64(d.accepted.Load())},
		{Door: d.name, Name: "http_connections_refused", Help: "HTTP connections over the limit.", Value: float64(d.refused.Load())},
	}
}
