package amqp091

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Protocol header, connection.start, tune and open (1.4.2.2 to 1.4.2.7).
//
//	another protocol's header         answered with ours, then closed: AMQP 1.0 too
//	mechanisms                        sasl.go
//	frame-max                         what the client takes of our offer, at least 4,096; 0 is no limit below ours
//	channel-max, heartbeat            what the client takes of our offer; heartbeat 0 turns it off
//	virtual host                      "/" is the default namespace, any other the one of its name
//	authentication_failure_close      a refusal is a connection.close; else the socket is closed, as the specification has it

// maxHeader is how long a protocol header is.
const maxHeader = len(wire.ProtocolHeader)

// protocolHeader takes the first eight bytes and begins the conversation.
func (c *conn) protocolHeader(buf []byte) (rest []byte, err error) {
	n := min(len(buf), maxHeader-len(c.header))
	c.header = append(c.header, buf[:n]...)
	switch {
	case len(c.header) < maxHeader && bytes.HasPrefix([]byte(wire.ProtocolHeader), c.header):
		return nil, nil
	case string(c.header) != wire.ProtocolHeader:
		c.write(func(dst []byte, _ uint16) []byte { return append(dst, wire.ProtocolHeader...) })
		return nil, fmt.Errorf("%w: the protocol header is %q, and AMQP 0-9-1 is what is spoken here", errRefused, c.header)
	}
	c.header, c.phase = nil, wantStartOk
	m := wire.ConnectionStart{
		VersionMajor: 0, VersionMinor: 9, ServerProperties: c.h.properties(), Mechanisms: c.mechanisms(), Locales: "en_US",
	}
	c.write(m.Append)
	return buf[n:], nil
}

// rabbitVersion is what clients that ask for RabbitMQ are told: they compare it.
const rabbitVersion = "3.13.7"

// properties describe the server.
func (h *Handler) properties() wire.Table {
	version := h.cfg.Version
	if h.cfg.Product == "RabbitMQ" {
		version = rabbitVersion
	}
	var can wire.Table
	for _, name := range []string{
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify", "connection.blocked",
		"consumer_priorities", "authentication_failure_close", "per_consumer_qos", "direct_reply_to",
	} {
		can = wire.AppendField(can, name, wire.BoolValue(true))
	}
	t := wire.AppendField(nil, "capabilities", wire.TableValue(can))
	for _, f := range [][2]string{
		{"cluster_name", "slipway"}, {"product", h.cfg.Product}, {"version", version}, {"platform", "Slipway " + h.cfg.Version},
		{"information", "AMQP 0-9-1 of Slipway"},
	} {
		t = wire.AppendField(t, f[0], wire.StringValue(f[1]))
	}
	return t
}

func (c *conn) startOk(args []byte) error {
	var m wire.ConnectionStartOk
	if err := m.Decode(args); err != nil {
		return err
	}
	if v, ok := m.ClientProperties.Get("capabilities"); ok {
		can := func(name string) bool { v, _ := v.Table().Get(name); return v.Bool() }
		c.capabilities = capabilities{can("consumer_cancel_notify"), can("connection.blocked"), can("authentication_failure_close")}
	}
	if v, ok := m.ClientProperties.Get("connection_name"); ok {
		c.name, _ = v.Text()
	}
	if c.mechanism = c.mechanismOf(m.Mechanism); c.mechanism == nil {
		return wire.Errorf(wire.NotAllowed, "%s not supported", m.Mechanism)
	}
	c.mechanismName = m.Mechanism
	c.mu.Lock()
	c.shown.Properties = headers(m.ClientProperties)
	c.mu.Unlock()
	return c.authenticate(m.Response)
}

func (c *conn) secureOk(args []byte) error {
	var m wire.ConnectionSecureOk
	if err := m.Decode(args); err != nil {
		return err
	}
	return c.authenticate(m.Response)
}

// authenticate goes one step on: connection.secure, or the end of it.
func (c *conn) authenticate(response string) error {
	challenge, who, err := c.mechanism(c, response)
	switch {
	case err != nil:
		return c.loginRefused(err)
	case who == nil:
		c.phase = wantSecureOk
		c.write((&wire.ConnectionSecure{Challenge: challenge}).Append)
		return nil
	}
	c.principal, c.phase = who, wantTuneOk
	cfg := &c.h.cfg
	m := wire.ConnectionTune{ChannelMax: cfg.ChannelMax, FrameMax: uint32(cfg.FrameMax), Heartbeat: uint16(cfg.Heartbeat / time.Second)}
	c.write(m.Append)
	return nil
}

// loginRefused is how a login ends that was not one.
func (c *conn) loginRefused(err error) error {
	c.h.cfg.Log.Warn("login refused", "protocol", "amqp", "remote", c.nc.Remote(), "mechanism", c.mechanismName, "user", c.user, "error", err)
	return wire.Errorf(wire.AccessRefused, "Login was refused using authentication mechanism %s. For details see the broker logfile.", c.mechanismName)
}

// refuse ends a connection that is not authenticated. Only a client that says so
// understands connection.close here; any other gets its socket closed.
func (c *conn) refuse(we *wire.Error) error {
	if c.capabilities.authFailureClose && we.Code == wire.AccessRefused {
		m := wire.ConnectionClose{ReplyCode: uint16(we.Code), ReplyText: we.Text()}
		c.write(m.Append)
	}
	return fmt.Errorf("%w: %w", errRefused, we)
}

func (c *conn) tuneOk(args []byte) error {
	var m wire.ConnectionTuneOk
	if err := m.Decode(args); err != nil {
		return err
	}
	cfg := &c.h.cfg
	switch {
	case m.FrameMax != 0 && m.FrameMax < wire.MinFrameMax:
		return wire.Errorf(wire.NotAllowed, "negotiated frame_max = %d is lower than the minimum allowed value (%d)", m.FrameMax, wire.MinFrameMax)
	case m.FrameMax > uint32(cfg.FrameMax):
		return wire.Errorf(wire.NotAllowed, "negotiated frame_max = %d is higher than the maximum allowed value (%d)", m.FrameMax, cfg.FrameMax)
	case m.ChannelMax > cfg.ChannelMax:
		return wire.Errorf(wire.NotAllowed, "negotiated channel_max = %d is higher than the maximum allowed value (%d)", m.ChannelMax, cfg.ChannelMax)
	}
	c.frameMax, c.channelMax = int(m.FrameMax), m.ChannelMax
	if c.frameMax == 0 {
		c.frameMax = cfg.FrameMax
	}
	if c.channelMax == 0 {
		c.channelMax = cfg.ChannelMax
	}
	c.reader.Max = c.frameMax
	c.phase = wantOpen
	c.mu.Lock()
	c.shown.ChannelMax, c.shown.FrameMax, c.shown.Heartbeat = int(c.channelMax), c.frameMax, time.Duration(m.Heartbeat)*time.Second
	c.mu.Unlock()
	c.tuned(time.Duration(m.Heartbeat) * time.Second)
	return nil
}

func (c *conn) open(args []byte) error {
	var m wire.ConnectionOpen
	if err := m.Decode(args); err != nil {
		return err
	}
	ns, err := c.namespace(m.VirtualHost)
	if err != nil {
		return err
	}
	if err := c.enter(ns, m.VirtualHost); err != nil {
		return err
	}
	c.phase = running
	c.mu.Lock()
	c.shown.Namespace = ns.Name()
	c.mu.Unlock()
	client := c.name
	if client == "" {
		client = c.nc.Remote()
	}
	c.nc.Established(client, c.user)
	c.write((&wire.ConnectionOpenOk{}).Append)
	c.watchBlocked()
	return nil
}

// enter takes a place in a virtual host that was found. Who deletes it finds the
// connection by its name from now on, or it is gone already.
func (c *conn) enter(ns *core.Namespace, vhost string) (err error) {
	who := c.principal.In(ns.Name())
	if who == nil { // in this moment
		return c.strange(vhost)
	}
	c.nc.Enter(ns.Name())
	if c.place, err = ns.Enter(who); err != nil {
		return c.noPlace(err, vhost)
	}
	c.principal, c.vhost, c.ns, c.pub = who, vhost, ns, ns.NewPublisher(0).Patient()
	return nil
}

// namespace finds a virtual host. None is made by asking for it.
func (c *conn) namespace(vhost string) (*core.Namespace, error) {
	name := vhost
	if name == "/" {
		name = ""
	}
	var found *core.Namespace
	for _, ns := range c.h.cfg.Broker.Namespaces() {
		if ns.Name() == name && vhost != "" {
			found = ns
		}
	}
	if name == "" && vhost == "/" && found == nil {
		found = c.h.cfg.Broker.Default()
	}
	switch {
	case found == nil:
		return nil, wire.Errorf(wire.NotAllowed, "vhost %s not found", vhost)
	case c.principal.In(name) == nil:
		return nil, c.strange(vhost)
	}
	return found, nil
}

// strange refuses a virtual host that the user may not enter.
func (c *conn) strange(vhost string) error {
	return wire.Errorf(wire.NotAllowed, "access to vhost '%s' refused for user '%s'", vhost, c.user)
}

// noPlace refuses a connection that the virtual host, or the user, has no place for,
// or whose virtual host is gone.
func (c *conn) noPlace(err error, vhost string) error {
	var ce *core.Error
	switch {
	case core.KindOf(err) == core.NotFound:
		return wire.Errorf(wire.NotAllowed, "vhost %s not found", vhost)
	case !errors.As(err, &ce) || ce.Field != core.MaxConnections:
		return c.refusal(err, "vhost '"+vhost+"'")
	case ce.By == "user":
		return wire.Errorf(wire.NotAllowed, "connection refused for user '%s': user connection limit (%d) is reached", c.user, ce.Limit)
	}
	return wire.Errorf(wire.NotAllowed, "access to vhost '%s' refused for user '%s': connection limit (%d) is reached", vhost, c.user, ce.Limit)
}

// updateSecret is connection.update-secret: whoever holds a token renews it. The
// secret must be one that the connection's user can log in with now, if it logged
// in with one.
func (c *conn) updateSecret(args []byte) error {
	var m wire.ConnectionUpdateSecret
	if err := m.Decode(args); err != nil {
		return err
	}
	if access := c.h.cfg.Access; access != nil && !c.principal.Anonymous && c.mechanismName != "EXTERNAL" {
		err := c.waits(func() error {
			_, err := access.Authenticate(c.ctx, c.nc.Address(), c.user, []byte(m.NewSecret))
			return err
		})
		if err != nil {
			return wire.Errorf(wire.NotAllowed, "New secret was refused by one of the backends")
		}
	}
	c.write((&wire.ConnectionUpdateSecretOk{}).Append)
	return nil
}
