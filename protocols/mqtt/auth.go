package mqtt

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// AUTH and enhanced authentication (3.15, 4.12), version 5.
//
//	SCRAM-SHA-256                     where a user has a verifier for it
//	other methods                     refused with Bad Authentication Method; a seam: methods
//	while connecting                  AUTH until CONNACK; nothing else is taken [MQTT-3.1.2-30]
//	on a live connection              the same user again; else DISCONNECT

// An exchange is one authentication under way: step takes what the client said
// and returns what to answer; who is set once it is proved.
type exchange interface {
	step(data []byte) (answer []byte, who *core.Principal, err error)
}

// methods are those of enhanced authentication; nil from one: not here.
var methods = map[string]func(*core.Access) exchange{
	"SCRAM-SHA-256": newSCRAM,
}

// enhanced is a connection's authentication by challenges: its read loop's.
type enhanced struct {
	method  string        // of CONNECT; "": none
	under   exchange      // nil: none under way
	connect *wire.Connect // what waits for the first one
}

// beginAuth starts the exchange that CONNECT asks for.
func (c *conn) beginAuth(in *wire.Connect) error {
	c.enhanced.method = in.Properties.AuthenticationMethod
	if c.enhanced.under = c.newExchange(); c.enhanced.under == nil {
		return c.refuse(protocolError(wire.BadAuthenticationMethod, "MQTT-4.12.0-1", "this authentication method is not supported"))
	}
	c.enhanced.connect = in
	c.reader.Version = in.Version
	return c.stepAuth(in.Properties.AuthenticationData)
}

func (c *conn) newExchange() exchange {
	begin := methods[c.enhanced.method]
	if begin == nil || c.h.cfg.Access == nil || c.h.cfg.Access.Empty() {
		return nil
	}
	return begin(c.h.cfg.Access)
}

// authenticating takes what a client sends between CONNECT and CONNACK.
func (c *conn) authenticating(f wire.Frame) error {
	switch f.Type {
	case wire.AUTH:
		return c.auth(f)
	case wire.DISCONNECT:
		return errGoodbye
	}
	return c.refuse(protocolError(wire.ProtocolError, "MQTT-3.1.2-30", "%v before the authentication was over", f.Type))
}

func (c *conn) auth(f wire.Frame) error {
	pk, err := wire.DecodeAuth(f)
	if err != nil {
		return err
	}
	e := &c.enhanced
	again := wire.Code(pk.ReasonCode) == wire.ReAuthenticate
	switch {
	case e.method == "":
		err = protocolError(wire.ProtocolError, "MQTT-4.12.0-7", "AUTH on a connection without enhanced authentication")
	case pk.Properties.AuthenticationMethod != e.method:
		err = protocolError(wire.ProtocolError, "MQTT-4.12.0-5", "another authentication method than CONNECT's")
	case again && (e.under != nil || !c.connected):
		err = protocolError(wire.ProtocolError, "MQTT-4.12.1-1", "an authentication is under way")
	case !again && e.under == nil:
		err = protocolError(wire.ProtocolError, "MQTT-4.12.0-3", "no authentication is under way")
	case again:
		e.under = c.newExchange()
	}
	if err != nil {
		return c.authFailed(err)
	}
	return c.stepAuth(pk.Properties.AuthenticationData)
}

// stepAuth goes one step on: a challenge, or the end.
func (c *conn) stepAuth(data []byte) error {
	e := &c.enhanced
	answer, who, err := e.under.step(data)
	switch {
	case err != nil:
		return c.authFailed(protocolError(wire.NotAuthorized, "MQTT-4.12.0-4", "%s", reasonOf(err)))
	case who == nil:
		c.writeAuth(wire.ContinueAuthentication, answer)
		return nil
	}
	e.under = nil
	if c.connected {
		if who.Name != c.principal.Name {
			return c.authFailed(protocolError(wire.NotAuthorized, "MQTT-4.12.1-2", "another user than the connection's"))
		}
		c.writeAuth(wire.Success, answer)
		return nil
	}
	in := e.connect
	e.connect = nil
	c.principal = who
	return c.admit(in, answer)
}

// authFailed ends the connection: by CONNACK if that is still to come
// [MQTT-4.12.0-4], else by DISCONNECT [MQTT-4.12.1-2].
func (c *conn) authFailed(err error) error {
	c.enhanced.under = nil
	if c.connected {
		return err
	}
	return c.refuse(loginRefused(c.enhanced.connect, err))
}

func (c *conn) writeAuth(code wire.Code, data []byte) {
	c.write(func(dst []byte) []byte {
		return wire.AppendAuth(dst, c.peer, code, &packets.Properties{AuthenticationMethod: c.enhanced.method, AuthenticationData: data})
	})
}

// scram is SCRAM-SHA-256: core.SCRAMLogin in AUTH's words.
type scram struct {
	login *core.SCRAMLogin
	asked bool
}

func newSCRAM(a *core.Access) exchange {
	if !a.HasSCRAM() {
		return nil
	}
	var nonce [18]byte
	_, _ = rand.Read(nonce[:]) // it never fails
	return &scram{login: a.NewSCRAMLogin(base64.StdEncoding.EncodeToString(nonce[:]))}
}

func (s *scram) step(data []byte) (answer []byte, who *core.Principal, err error) {
	switch {
	case s.asked:
		return s.login.Final(data)
	case len(data) == 0: // it waits for us to begin, but the client is first in SCRAM
		return nil, nil, nil
	}
	s.asked = true
	answer, err = s.login.First(data)
	return answer, nil, err
}
