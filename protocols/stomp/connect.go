package stomp

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// CONNECT, STOMP and CONNECTED.
//
//	accept-version              the highest of 1.0, 1.1, 1.2; none given: 1.0; none known: ERROR with a version header
//	login, passcode             core.Access; guest and guest, or no login, where strangers are let in
//	client certificate          without a login, or with its own and no passcode: that user
//	host                        the namespace of that name, if there is one and the user is of none other
//	heart-beat                  heartbeat.go
//	connections                 of a vhost, of a user, at most as many as are allowed: ERROR
//	request-id                  comes back as response-id (ActiveMQ)
//	client-id                   of durable subscribers (subscribe.go)

// maxClientID bounds client ids.
const maxClientID = 256

func (c *conn) connect(f *wire.Frame) error {
	if f.Command != "CONNECT" && f.Command != "STOMP" {
		return refuse("Not connected", "the first frame is CONNECT or STOMP, not %s", f.Command)
	}
	version := wire.V10
	if accept, ok := f.Get("accept-version"); ok {
		if version, ok = wire.Negotiate(accept); !ok {
			return refuse("Version mismatch", "supported protocol versions are %s", wire.Versions)
		}
	}
	who, err := c.authenticate(f)
	if err != nil {
		return &protocols.LoginRefused{Client: f.Value("client-id"), User: f.Value("login"), Err: err}
	}
	if c.ns, err = c.namespace(who, f.Value("host")); err != nil {
		return err
	}
	if c.clientID = f.Value("client-id"); len(c.clientID) > maxClientID {
		return refuse("Invalid request", "a client-id has at most %d bytes", maxClientID)
	}
	c.activeMQ = c.h.cfg.Dialect == "activemq" || c.h.cfg.Dialect != "rabbitmq" && c.clientID != ""
	var beat [2]int
	if version > wire.V10 {
		if beat, err = parseHeartBeat(f.Value("heart-beat")); err != nil {
			return err
		}
	}
	if who = who.In(c.ns.Name()); who == nil { // in this moment
		return refuse("Access refused", "the user may not enter the virtual host any more")
	}
	c.nc.Enter(c.ns.Name())
	if c.place, err = c.ns.Enter(who); err != nil {
		return err
	}
	c.principal, c.session = who, randomID()
	c.pub = c.ns.NewPublisher(0).Patient()
	c.mark = producerOf(c.h.cfg.Broker.NewMessageID())
	c.reader.Version = version
	c.reader.Limits = wire.Limits{Head: maxHead, Line: maxLine, Headers: maxHeaders, Body: c.h.cfg.MaxBody}
	c.connected(f, version, beat)
	return nil
}

// authenticate finds out who it is. It may wait: nothing else needs this
// goroutine before CONNECTED.
func (c *conn) authenticate(f *wire.Frame) (*core.Principal, error) {
	access, identity := c.h.cfg.Access, c.nc.Identity()
	login, named := f.Get("login")
	passcode, proved := f.Get("passcode")
	named = named && login != ""
	switch {
	case access == nil || c.anonymous && access.Empty():
		return core.AnonymousPrincipal(), nil
	case identity != "" && (!proved || passcode == "") && (!named || login == identity):
		if who, ok := access.ByIdentity(identity); ok {
			return who, nil
		}
		return nil, refuse("Access refused", "the certificate is of no user")
	case !named && c.anonymous:
		return core.AnonymousPrincipal(), nil
	case !named:
		return nil, refuse("Access refused", "a login is needed")
	}
	ctx, cancel := context.WithDeadline(c.ctx, c.nc.HandshakeEnds())
	defer cancel()
	who, err := access.Authenticate(ctx, c.nc.Address(), login, []byte(passcode))
	switch {
	case errors.Is(err, core.ErrBusy):
		return nil, refuse("Server is busy", "too many logins at once")
	case err != nil && c.anonymous && login == "guest" && passcode == "guest": // what clients of other brokers say who have no user
		return core.AnonymousPrincipal(), nil
	case err != nil && core.KindOf(err) == core.Denied:
		return nil, refuse("Access refused", "wrong login or passcode")
	}
	return who, err
}

// namespace is the one that host names, if there is one of that name: any other
// host is no error, since most clients write where they connect to. A user stays
// in his own: permissions are not for queues of the same name in another. One of
// the default namespace who asks for another by name is told so; who has one may
// write anything.
func (c *conn) namespace(who *core.Principal, host string) (*core.Namespace, error) {
	if who.Namespace == "" && host != "" {
		for _, ns := range c.h.cfg.Broker.Namespaces() {
			switch {
			case ns.Name() != host:
			case who.In(host) != nil:
				return ns, nil
			default:
				return nil, refuse("Access refused", "access to the virtual host %s is not permitted to this user", host)
			}
		}
	}
	if who.In(who.Namespace) == nil {
		return nil, refuse("Access refused", "this user may not enter the virtual host /")
	}
	return c.h.cfg.Broker.Namespace(who.Namespace)
}

func (c *conn) connected(f *wire.Frame, v wire.Version, beat [2]int) {
	send, receive := c.negotiate(beat)
	c.mu.Lock()
	c.version = v
	c.write(func(dst []byte) []byte {
		dst = wire.AppendRaw(wire.AppendCommand(dst, "CONNECTED"), "version", v.String())
		dst = wire.AppendRaw(wire.AppendRaw(dst, "session", c.session), "server", c.server())
		if v > wire.V10 {
			dst = wire.AppendRaw(dst, "heart-beat", heartBeatText(send, receive))
		}
		if id, ok := f.Get("request-id"); ok {
			dst = wire.AppendRaw(dst, "response-id", id)
		}
		return wire.AppendEnd(dst)
	})
	c.mu.Unlock()
	c.h.counters.Connects.Add(1)
	name := c.clientID
	if name == "" {
		name = c.session
	}
	c.nc.Established(name, c.principal.Name)
	c.beginHeartBeat(beat, send, receive)
}

func (c *conn) server() string {
	if c.h.cfg.Version == "" {
		return "slipway"
	}
	return "slipway/" + c.h.cfg.Version
}

// randomID is 120 bits that nobody guesses.
func randomID() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // it never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}
