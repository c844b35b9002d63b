package mqtt

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// CONNECT and CONNACK (3.1, 3.2).
//
//	version 3.1, 3.1.1, 5             yes
//	user name and password            core.Access
//	client certificate                without a user name, or with its own and no password: that user
//	empty client id                   one is assigned (not in 3.1; with a clean session in 3.1.1)
//	session expiry                    5: as asked, capped; before: clean_session, else never, capped
//	will, delay and properties        yes; checked against the permissions here, and again when it is due (will.go)
//	enhanced authentication           auth.go
//	connections of a vhost, of a user at most as many as are allowed: 5: quota exceeded; before: not authorized, as RabbitMQ

// maxClientID bounds client ids: a server must take 23 bytes [MQTT-3.1.3-5].
const maxClientID = 1024

// connect is the first packet.
func (c *conn) connect(f wire.Frame) error {
	in, err := wire.DecodeConnect(f)
	c.peer.Version = in.Version
	if err != nil {
		return c.refuse(err)
	}
	c.bridge = in.Bridge
	c.peer.MaxPacket = in.Properties.MaximumPacketSize
	c.peer.NoProblemInfo = in.Properties.RequestProblemInfoFlag && in.Properties.RequestProblemInfo == 0
	if len(in.ClientID) > maxClientID {
		return c.refuse(protocolError(wire.ClientIdentifierNotValid, "MQTT-3.1.3-8", "the client id has more than %d bytes", maxClientID))
	}
	if in.Properties.AuthenticationMethod != "" {
		return c.beginAuth(&in)
	}
	if c.principal, err = c.authenticate(&in); err != nil {
		return c.refuse(loginRefused(&in, err))
	}
	return c.admit(&in, nil)
}

func loginRefused(in *wire.Connect, err error) error {
	return &protocols.LoginRefused{Client: in.ClientID, User: string(in.Connect.Username), Err: err}
}

// admit goes on once it is known who it is. proof is the last word of enhanced
// authentication, if there was one.
func (c *conn) admit(in *wire.Connect, proof []byte) (err error) {
	if c.principal.In(c.principal.Namespace) == nil {
		return c.refuse(protocolError(wire.NotAuthorized, "3.1.4", "this user may not enter the default virtual host"))
	}
	c.principal = c.principal.ForClient(in.ClientID)
	if c.ns, err = c.h.cfg.Broker.Namespace(c.principal.Namespace); err != nil {
		return c.refuse(err)
	}
	will, err := c.will(in)
	if err != nil {
		return c.refuse(err)
	}
	return c.attach(in, will, proof)
}

// authenticate finds out who it is. It may wait: nothing else needs this
// goroutine before CONNACK.
func (c *conn) authenticate(in *wire.Connect) (*core.Principal, error) {
	access, p, identity := c.h.cfg.Access, in.Connect, c.nc.Identity()
	switch {
	case access == nil || c.anonymous && access.Empty():
		return core.AnonymousPrincipal(), nil
	case identity != "" && !p.PasswordFlag && (!p.UsernameFlag || string(p.Username) == identity):
		if who, ok := access.ByIdentity(identity); ok {
			return who, nil
		}
		return nil, protocolError(wire.NotAuthorized, "3.1.4", "the certificate is of no user: %s", identity)
	case !p.UsernameFlag && c.anonymous:
		return core.AnonymousPrincipal(), nil
	case !p.UsernameFlag:
		return nil, protocolError(wire.NotAuthorized, "3.1.3.5", "a user name is needed")
	}
	ctx, cancel := context.WithDeadline(c.ctx, c.nc.HandshakeEnds())
	defer cancel()
	who, err := access.Authenticate(ctx, c.nc.Address(), string(p.Username), p.Password)
	switch {
	case errors.Is(err, core.ErrBusy):
		return nil, protocolError(wire.ServerBusy, "3.1.4", "too many logins at once")
	case err != nil && core.KindOf(err) == core.Denied:
		return nil, protocolError(wire.BadUserNameOrPassword, "3.1.3.6", "wrong user name or password")
	}
	return who, err
}

// will is the message to publish if the client goes without a word.
func (c *conn) will(in *wire.Connect) (*core.Will, error) {
	if in.Will == nil {
		return nil, nil
	}
	topic := string(in.Will.Topic)
	if saysState(in.ClientID, topic, in.Will) {
		c.stateWill = true
		return nil, nil
	}
	if err := c.mayPublish(topic); err != nil {
		return nil, err
	}
	m := &core.Message{}
	fill(m, in.Will, 0)
	c.h.cfg.Broker.CheckUser(m, c.principal)
	w := &core.Will{Message: m, To: addressOf(topic), Retain: in.Will.Retain}
	w.Delay = time.Duration(in.Connect.WillProperties.WillDelayInterval) * time.Second
	if in.Will.Properties.Has(wire.MessageExpiry) { // it counts from the publication of the will
		m.ExpiresAt, w.Expiry = 0, max(1, time.Duration(in.Will.Properties.Expiry)*time.Second)
	}
	return w, nil
}

// expiryOf is how long the session outlives the connection.
func (c *conn) expiryOf(in *wire.Connect) time.Duration {
	asked := core.Forever
	switch p := in.Properties; {
	case in.Version == wire.V5:
		asked = secondsOrForever(p.SessionExpiryInterval)
	case in.Connect.Clean:
		asked = 0
	}
	return min(asked, c.h.cfg.MaxSessionExpiry)
}

// secondsOrForever reads a session expiry interval (3.1.2.11.2).
func secondsOrForever(s uint32) time.Duration {
	if s == 0xffffffff {
		return core.Forever
	}
	return time.Duration(s) * time.Second
}

// attach takes over the session and says so.
func (c *conn) attach(in *wire.Connect, will *core.Will, proof []byte) error {
	id, assigned := in.ClientID, ""
	if id == "" {
		id = "slipway-" + randomID()
		assigned = id
		c.principal = c.principal.ForClient(id)
	}
	if err := c.mayTake(id); err != nil {
		return c.refuse(err)
	}
	cl, err := c.h.claims.take(c.ctx, claimKey(c.ns, id), c)
	if err != nil {
		return err
	}
	c.claim = cl
	defer cl.settled()
	c.nc.Enter(c.ns.Name())
	if c.place, err = c.ns.Enter(c.principal); err != nil { // whom we took over has left
		c.h.claims.drop(c.claim)
		return c.refuse(c.noPlace(err))
	}
	c.expiry = c.expiryOf(in)
	props, keepAlive := c.connackProperties(in, assigned, proof)
	if len(wire.AppendConnack(nil, c.peer, false, wire.Success, props)) == 0 {
		c.h.claims.drop(cl)
		return c.refuse(protocolError(wire.PacketTooLarge, "MQTT-3.1.2-24", "CONNACK has more than the %d bytes that the client takes", c.peer.MaxPacket))
	}
	cs, resumed, err := c.openSession(in, id, will)
	if err != nil {
		c.h.claims.drop(cl)
		return c.refuse(err)
	}
	c.s = c.h.sessionOf(cs)
	c.pub = c.ns.NewPublisher(0)
	c.credit = c.inflight(in)
	c.quota = c.credit
	c.sentAliases.most = int(min(in.Properties.TopicAliasMaximum, maxAliases))
	c.write(func(dst []byte) []byte { return wire.AppendConnack(dst, c.peer, resumed, wire.Success, props) })
	c.established(in, id, keepAlive)
	c.resumed = resumed
	return c.resume(resumed)
}

// noPlace is what a client is told that the virtual host, or its user, has no place
// for: before version 5 as RabbitMQ says it, not authorized.
func (c *conn) noPlace(err error) error {
	if core.KindOf(err) != core.OverLimit || c.version() == wire.V5 {
		return err
	}
	return protocolError(wire.NotAuthorized, "3.2.2.3", "%s", reasonOf(err))
}

// attrUser is the session's attribute that says whose it is.
const attrUser = "user"

// mayTake says why a client id is not to be had: it belongs to the session of
// another user, whose messages and connection it would take.
func (c *conn) mayTake(id string) error {
	s, ok := c.ns.Session(dialectName, id)
	if !ok {
		return nil
	}
	if owner := s.Attributes()[attrUser]; owner != "" && owner != c.principal.Name {
		return protocolError(wire.ClientIdentifierNotValid, "MQTT-3.1.3-8", "another user has a session of this client id")
	}
	return nil
}

// openSession resumes or begins the session that we have the claim to. What
// anonymous clients left is free to all where they are let in; elsewhere it
// ends, since nothing says that it is this user's.
func (c *conn) openSession(in *wire.Connect, id string, will *core.Will) (*core.Session, bool, error) {
	if err := c.mayTake(id); err != nil { // somebody was faster
		return nil, false, err
	}
	clean, inflight := in.Connect.Clean, c.inflight(in)
	attrs := map[string]string{attrUser: c.principal.Name}
	if old, ok := c.ns.Session(dialectName, id); ok && !clean {
		clean = !c.principal.Anonymous && !c.anonymous && old.Attributes()[attrUser] == ""
		if !clean {
			var err error
			if c.revoked, err = c.revoke(old); err != nil {
				return nil, false, err
			}
		}
		if c.revoked {
			attrs[attrRevoked] = "yes"
		}
		if old.Cut() != 0 {
			inflight = max(inflight, sentAtOnce(old, 0))
		}
	}
	attrs[attrInflight] = strconv.Itoa(inflight)
	return c.ns.OpenSession(id, clean, core.SessionOptions{
		Dialect: dialectName, Expiry: c.expiry, Will: will, Queue: c.h.cfg.Session, Attributes: attrs,
	})
}

// inflight is how many deliveries the client takes unacknowledged.
func (c *conn) inflight(in *wire.Connect) int {
	switch rm := in.Properties.ReceiveMaximum; {
	case in.Version != wire.V5:
		return int(c.h.cfg.OldInflight)
	case rm > 0:
		return int(min(rm, c.h.cfg.MaxInflight))
	}
	return int(c.h.cfg.MaxInflight)
}

// connackProperties are those of a CONNACK that says yes, and the keep-alive that
// counts.
func (c *conn) connackProperties(in *wire.Connect, assigned string, proof []byte) (props *packets.Properties, keepAlive time.Duration) {
	cfg, props := &c.h.cfg, &packets.Properties{}
	keepAlive = time.Duration(in.Connect.Keepalive) * time.Second
	if c.version() == wire.V5 {
		props.ReceiveMaximum = cfg.ReceiveMaximum
		props.TopicAliasMaximum = cfg.TopicAliases
		props.MaximumPacketSize = uint32(cfg.MaxPacket)
		props.AssignedClientID = assigned
		if in.Properties.RequestResponseInfo == 1 {
			props.ResponseInfo = cfg.ResponseInformation
		}
		props.AuthenticationMethod, props.AuthenticationData = c.enhanced.method, proof // MQTT-4.12.0-5
		if granted := c.expiry; granted != secondsOrForever(in.Properties.SessionExpiryInterval) {
			props.SessionExpiryIntervalFlag = true
			props.SessionExpiryInterval = uint32(min(granted/time.Second, 0xffffffff))
		}
		if most := cfg.MaxKeepAlive; most > 0 && (keepAlive == 0 || keepAlive > most) {
			keepAlive = most
			props.ServerKeepAliveFlag, props.ServerKeepAlive = true, uint16(most/time.Second)
		}
	}
	return props, keepAlive
}

// established lifts the limits that held before.
func (c *conn) established(in *wire.Connect, id string, keepAlive time.Duration) {
	c.connected = true
	c.h.online.add(c)
	c.reader.Version, c.reader.MaxPacket = in.Version, c.h.cfg.MaxPacket
	c.nc.SetIdle(keepAlive + keepAlive/2) // MQTT-3.1.2-22
	c.nc.Established(id, c.principal.Name)
}

// refuse answers no, in the client's own version, and ends the connection.
func (c *conn) refuse(err error) error {
	var we *wire.Error
	if !errors.As(err, &we) {
		we = &wire.Error{Code: connectCodeOf(err), Clause: "3.1.4", Detail: reasonOf(err)}
	}
	if c.peer.Version == wire.V5 || c.peer.Version != 0 && !violates(we.Code) {
		code, props := c.reference(we.Code, we.Detail)
		c.write(func(dst []byte) []byte { return wire.AppendConnack(dst, c.peer, false, code, props) })
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}

// violates says that a CONNECT is no valid packet: before version 5 the
// connection then ends without CONNACK [MQTT-3.1.4-1].
func violates(code wire.Code) bool {
	return code == wire.MalformedPacket || code == wire.ProtocolError || code == wire.TopicNameInvalid
}

// reason is the reason string of a version 5 answer.
func reason(text string) *packets.Properties {
	return &packets.Properties{ReasonString: text}
}

// reference sends a client elsewhere, if there is a place, instead of saying
// that this server stops (4.11).
func (c *conn) reference(code wire.Code, text string) (wire.Code, *packets.Properties) {
	props := reason(text)
	if to := c.h.cfg.ServerReference; to != "" && code == wire.ServerShuttingDown && c.version() == wire.V5 {
		code, props.ServerReference = wire.UseAnotherServer, to
	}
	return code, props
}

func randomID() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // it never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// mayPublish says why a topic may not be published to.
func (c *conn) mayPublish(topic string) error {
	if name, ok := strings.CutPrefix(topic, queuePrefix); ok {
		return c.mayUseQueue(core.Write, name)
	}
	if match.Reserved(topic) {
		return protocolError(wire.TopicNameInvalid, "4.7.2", "topics that begin with $ are not for clients")
	}
	if err := match.ValidTopicName(topic); err != nil {
		return protocolError(wire.TopicNameInvalid, "4.7.3", "%v", err)
	}
	if !c.principal.MayPath(core.Write, topic) {
		return protocolError(wire.NotAuthorized, "3.3.5", "no permission to publish to %s", topic)
	}
	return nil
}
