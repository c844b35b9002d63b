package main

import (
	"errors"
	"net/http"

	"github.com/gorilla/websocket"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/ws"
)

// openWebSocket opens the listeners behind which all streams are.
func (in *instance) openWebSocket(d *doors, streams []stream, all []listener) error {
	for _, ln := range all {
		cfg := ws.Config{
			Refuse:     in.webRefusal(ln.anonymous),
			MaxMessage: int64(in.cfg.Limits.MaxMessageSize) + envelope, Ping: in.cfg.WebSocket.PingInterval, CloseCode: closeCode,
		}
		handlers := map[string]protocols.Handler{}
		for _, s := range streams {
			s.web.Name = s.name
			cfg.Doors = append(cfg.Doors, s.web)
			handlers[s.name] = s.handler(ln.anonymous)
		}
		ln.transport.Upgrade = ws.New(cfg).Upgrade
		door := protocols.Door{Listener: ln.Listener, Protocol: "websocket", Handlers: handlers, Transport: ln.transport}
		if err := d.server.Open(door); err != nil {
			return err
		}
		d.add("websocket", ln)
	}
	return nil
}

// webRefusal keeps web pages out that nobody asked in: where clients need no
// credentials, where they bring a certificate, which a browser adds to whatever
// a page asks for, and where there is a list of those that may.
func (in *instance) webRefusal(anonymous bool) func(*http.Request) string {
	hosts := in.cfg.WebSocket.AllowedHosts
	guard := awsapi.NewGuard("websocket.allowed_hosts", hosts, "")
	return func(r *http.Request) string {
		switch {
		case anonymous:
			return guard.Refusal(r)
		case len(hosts) > 0 || r.TLS != nil && len(r.TLS.VerifiedChains) > 0:
			return guard.ForeignOrigin(r)
		}
		return ""
	}
}

// closeCode tells a WebSocket client why its connection ended (RFC 6455, 7.4.1).
func closeCode(cause error) int {
	for _, c := range []struct {
		cause error
		code  int
	}{
		{protocols.ErrDraining, websocket.CloseGoingAway},
		{protocols.ErrServerClosed, websocket.CloseGoingAway},
		{protocols.ErrHandshakeTimeout, websocket.ClosePolicyViolation},
		{protocols.ErrIdle, websocket.ClosePolicyViolation},
		{errByAdmin, websocket.ClosePolicyViolation},
	} {
		if errors.Is(cause, c.cause) {
			return c.code
		}
	}
	return websocket.CloseNormalClosure // the protocol has said why
}
