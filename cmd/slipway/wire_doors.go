package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/bridge/admin/rabbit"
	"github.com/slipwaymq/slipway/bridge/sns"
	"github.com/slipwaymq/slipway/bridge/sqs"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091"
	"github.com/slipwaymq/slipway/protocols/mqtt"
	"github.com/slipwaymq/slipway/protocols/stomp"
	"github.com/slipwaymq/slipway/protocols/ws"
)

// doors are all that accepts connections.
type doors struct {
	opened     []opened          // immutable
	broken     chan error        // capacity 1; a door that cannot accept any more
	server     *protocols.Server // of the protocols with connections of their own
	mqtt       *mqtt.Stats
	amqp       *amqp091.Stats
	amqpInfos  func() map[uint64]amqp091.Info
	stomp      *stomp.Stats
	running    sync.WaitGroup // what runs in the background; drain ends it
	stops      []func()       // of it
	sqs        *sqs.Service   // nil until the door opens
	sns        *sns.Service
	aws, admin *httpDoor
}

// A stream is a door whose protocol has connections of its own. Its listeners,
// plain and TLS, are those of the section of its name, and all of the WebSocket's.
type stream struct {
	name    string
	handler func(anonymous bool) protocols.Handler
	web     ws.Door // how WebSocket clients ask for it
}

// streams is the table of them. A new protocol is a line here, one in
// config.Doors and one in dialects.
func (in *instance) streams(d *doors) []stream {
	return []stream{
		{"mqtt", in.newMQTT(d), ws.Door{Subprotocols: []string{"mqtt", "mqttv3.1"}, First: begins("\x10")}},
		{"amqp", in.newAMQP(d), ws.Door{Subprotocols: []string{"amqp"}, First: begins("AMQP")}},
		{"stomp", in.newSTOMP(d), ws.Door{Subprotocols: stompSubprotocols, Messages: true, First: begins("CONNECT", "STOMP")}},
	}
}

// begins knows a protocol by its first bytes.
func begins(with ...string) func([]byte) bool {
	return func(b []byte) bool {
		return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(string(b), w) })
	}
}

// open has every door accept.
func (in *instance) open(l *listeners) error {
	d := &doors{
		broken: make(chan error, 1),
		server: protocols.NewServer(protocols.Config{
			Log: in.log, MaxConns: in.cfg.Limits.MaxConnections, MaxPerAddress: in.cfg.Limits.MaxPerAddress,
			Handshake: in.cfg.Limits.HandshakeTimeout,
		}),
		aws:   newHTTPDoor("aws", in.cfg, in.log),
		admin: newHTTPDoor("admin", in.cfg, in.log),
	}
	in.doors = d
	streams := in.streams(d)
	for _, s := range streams {
		for _, ln := range l.of[s.name] {
			door := protocols.Door{Listener: ln.Listener, Protocol: s.name, Handler: s.handler(ln.anonymous), Transport: ln.transport}
			if err := d.server.Open(door); err != nil {
				return errors.Join(err, d.drain(context.Background()))
			}
			d.add(s.name, ln)
		}
	}
	err := in.openWebSocket(d, streams, l.of["websocket"])
	if err == nil {
		err = in.openAWS(d, l.of["aws"])
	}
	if err != nil {
		return errors.Join(err, d.drain(context.Background()))
	}
	in.openAdmin(d, l.of["admin"], l.certificates)
	d.background(func(ctx context.Context) { in.watch(ctx, l.certificates) })
	return nil
}

// background runs f until the doors are drained.
func (d *doors) background(f func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	d.stops = append(d.stops, stop)
	d.running.Go(func() { f(ctx) })
}

func (d *doors) add(door string, ln listener) {
	d.opened = append(d.opened, opened{ln.name(door), ln.Addr().String()})
}

// openAdmin opens the door through which the others are looked at.
func (in *instance) openAdmin(d *doors, all []listener, certificates certificates) {
	anew := newStrengthener(in.access, in.log)
	d.background(anew.run)
	service := admin.New(admin.Config{
		Broker: in.broker, Access: in.access, AllowedHosts: in.cfg.Admin.AllowedHosts, Version: version(), Log: in.log, Names: names(in.cfg),
		Passwords: rabbit.Passwords{Hash: newHash, Import: importHash, Imported: anew.imported, Export: exportHash, Verify: verifyPassword},
		Profiles:  in.cfg.Admin.Profiles, Ready: in.ready, Store: in.metric,
		Connections: d.connections,
		Disconnect:  func(id uint64) bool { return d.server.CloseConn(id, errByAdmin) },
		Listeners:   d.listeners, Node: in.node, Configured: in.cfg.Names,
		Traffic: func() []admin.Traffic {
			return slices.Concat(traffic(d.server), mqttTraffic(d.mqtt), amqpTraffic(d.amqp), stompTraffic(d.stomp), d.aws.traffic(), d.admin.traffic(), expiry(certificates))
		},
	})
	for _, ln := range all {
		d.admin.serve(ln.prepared("admin", in), service.Handler(ln.anonymous), d.broken)
		d.add("admin", ln)
	}
}

var errByAdmin = errors.New("ended by an administrator")

// drain closes every door but that of admin: all at once, since they share the
// time there is.
func (d *doors) drain(ctx context.Context) error {
	var wg sync.WaitGroup
	var mqtt, aws error
	wg.Go(func() { mqtt = d.server.Shutdown(ctx) })
	wg.Go(func() {
		if aws = d.aws.drain(ctx); d.sqs != nil {
			d.sqs.Close()
			d.sns.Close()
		}
	})
	wg.Wait()
	for _, stop := range d.stops {
		stop()
	}
	d.running.Wait()
	return errors.Join(mqtt, aws)
}

// adminGrace is for requests of the admin door, of which none waits.
const adminGrace = time.Second

// closeAdmin cuts a profile that is being taken: nobody waits for it.
func (d *doors) closeAdmin() error {
	ctx, cancel := context.WithTimeout(context.Background(), adminGrace)
	defer cancel()
	if err := d.admin.drain(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("admin: %w", err)
	}
	return nil
}

func traffic(s *protocols.Server) []admin.Traffic {
	st := s.Stats()
	all := []admin.Traffic{{Name: "connections_open", Help: "Open connections, those in their handshake too.", Value: float64(st.Open.Load()), Gauge: true}}
	for _, c := range []struct {
		name, help string
		v          uint64
	}{
		{"connections_accepted", "Connections accepted.", st.Accepted.Load()},
		{"connections_refused", "Connections over the limits.", st.RefusedTotal.Load() + st.RefusedAddress.Load()},
		{"accept_errors", "Times that accepting failed.", st.AcceptErrors.Load()},
		{"handshake_timeouts", "Connections that did not log in in time.", st.HandshakeTimeouts.Load()},
		{"handshakes_failed", "Connections that failed at the PROXY protocol, TLS or WebSocket.", st.HandshakesFailed.Load()},
		{"idle_timeouts", "Connections silent for longer than promised.", st.IdleTimeouts.Load()},
		{"connections_stalled", "Connections cut since they did not read.", st.Stalled.Load()},
		{"connection_panics", "Connections that our own mistakes ended.", st.Panics.Load()},
		{"frames_dropped", "Frames dropped for clients that do not read.", st.DroppedFrames.Load()},
		{"received_bytes", "Bytes received.", st.BytesIn.Load()},
		{"sent_bytes", "Bytes sent.", st.BytesOut.Load()},
	} {
		all = append(all, admin.Traffic{Name: c.name, Help: c.help, Value: float64(c.v)})
	}
	for i := range all {
		all[i].Door = "protocols"
	}
	return all
}
