package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/bridge/sqs"
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/mqtt"
)

// listeners are the open addresses of each door, in the order of the settings.
type listeners struct {
	mqtt, aws, admin []net.Listener
}

// listenAll opens every address, or none.
func listenAll(cfg config.Config) (*listeners, error) {
	l := &listeners{}
	for _, d := range []struct {
		name      string
		addresses []string
		into      *[]net.Listener
	}{{"mqtt", cfg.MQTT.Listen, &l.mqtt}, {"aws", cfg.AWS.Listen, &l.aws}, {"admin", cfg.Admin.Listen, &l.admin}} {
		for _, address := range d.addresses {
			ln, err := protocols.Listen(d.name, address)
			if err != nil {
				return nil, listenError(errors.Join(err, l.close()))
			}
			*d.into = append(*d.into, ln)
		}
	}
	return l, nil
}

func (l *listeners) close() error {
	var errs []error
	for _, ln := range slices.Concat(l.mqtt, l.aws, l.admin) {
		if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// doors are all that accepts connections.
type doors struct {
	opened     []opened          // immutable
	broken     chan error        // capacity 1; a door that cannot accept any more
	server     *protocols.Server // of the protocols with connections of their own
	mqtt       *mqtt.Stats
	sys        sync.WaitGroup // $SYS topics; drain ends it
	stopSys    func()         // nil: there are none
	sqs        *sqs.Service   // nil until the door opens
	aws, admin *httpDoor
}

// open has every door accept.
func (in *instance) open(l *listeners) (*doors, error) {
	d := &doors{
		broken: make(chan error, 1),
		server: protocols.NewServer(protocols.Config{
			Log: in.log, MaxConns: in.cfg.Limits.MaxConnections, Handshake: in.cfg.Limits.HandshakeTimeout,
		}),
		aws:   newHTTPDoor("aws", in.cfg, in.log),
		admin: newHTTPDoor("admin", in.cfg, in.log),
	}
	in.doors = d
	if err := in.openMQTT(d, l.mqtt); err != nil {
		return nil, err
	}
	if err := in.openAWS(d, l.aws); err != nil {
		return nil, errors.Join(err, d.drain(context.Background()))
	}
	in.openAdmin(d, l.admin)
	return d, nil
}

func (d *doors) add(door string, ln net.Listener) {
	d.opened = append(d.opened, opened{door, ln.Addr().String()})
}

// openAdmin opens the door through which the others are looked at.
func (in *instance) openAdmin(d *doors, all []net.Listener) {
	service := admin.New(admin.Config{
		Broker: in.broker, Access: in.access, AllowedHosts: in.cfg.Admin.AllowedHosts, Version: version(), Log: in.log, Names: names(in.cfg),
		Profiles: in.cfg.Admin.Profiles, Ready: in.ready, Store: in.metric,
		Connections: func() []admin.Connection { return connections(d.server) },
		Disconnect:  func(id uint64) bool { return d.server.CloseConn(id, errByAdmin) },
		Traffic: func() []admin.Traffic {
			return slices.Concat(traffic(d.server), mqttTraffic(d.mqtt), d.aws.traffic(), d.admin.traffic())
		},
	})
	for i, ln := range all {
		anonymous := in.cfg.Anonymous(in.cfg.Admin.AllowAnonymous, in.cfg.Admin.Listen[i])
		d.admin.serve(ln, service.Handler(anonymous), d.broken)
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
		}
	})
	wg.Wait()
	if d.stopSys != nil {
		d.stopSys()
		d.sys.Wait()
	}
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

func connections(s *protocols.Server) []admin.Connection {
	var all []admin.Connection
	for _, c := range s.Conns() {
		all = append(all, admin.Connection{
			ID: c.ID, Protocol: c.Protocol, Remote: c.Remote, Since: c.Since, Client: c.Client, User: c.User,
			BytesIn: c.BytesIn, BytesOut: c.BytesOut, Queued: c.Queued,
		})
	}
	return all
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
