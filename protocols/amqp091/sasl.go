package amqp091

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/netip"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// The mechanisms of SASL.
//
//	PLAIN, AMQPLAIN   a user's name and password; guest/guest from loopback while anonymous clients are let in
//	EXTERNAL          the user that a verified client certificate names
//	ANONYMOUS         while anonymous clients are let in

// A mechanism takes a response: it returns who it is, or what to ask next.
type mechanism func(c *conn, response string) (challenge string, who *core.Principal, err error)

func (c *conn) mechanisms() string {
	names := []string{"PLAIN", "AMQPLAIN"}
	if c.identified() != nil {
		names = append(names, "EXTERNAL")
	}
	if c.anonymous {
		names = append(names, "ANONYMOUS")
	}
	return strings.Join(names, " ")
}

func (c *conn) mechanismOf(name string) mechanism {
	switch {
	case name == "PLAIN":
		return plain
	case name == "AMQPLAIN":
		return amqplain
	case name == "EXTERNAL" && c.identified() != nil:
		return external
	case name == "ANONYMOUS" && c.anonymous:
		return anonymous
	}
	return nil
}

var errResponse = errors.New("the mechanism's response cannot be read")

// plain is RFC 4616: an identity to act for, which must be none or the same, a
// name and a password.
func plain(c *conn, response string) (string, *core.Principal, error) {
	part := strings.Split(response, "\x00")
	if len(part) != 3 || part[0] != "" && part[0] != part[1] {
		return "", nil, errResponse
	}
	who, err := c.login(part[1], part[2])
	return "", who, err
}

// amqplain is a field table without its length.
func amqplain(c *conn, response string) (string, *core.Principal, error) {
	t, _, err := wire.TableOf(wire.AppendTable(nil, wire.Table(response)))
	if err != nil {
		return "", nil, errResponse
	}
	name, _ := t.Get("LOGIN")
	password, _ := t.Get("PASSWORD")
	user, ok := name.Text()
	secret, ok2 := password.Text()
	if !ok || !ok2 {
		return "", nil, errResponse
	}
	who, err := c.login(user, secret)
	return "", who, err
}

func external(c *conn, _ string) (string, *core.Principal, error) {
	c.user = c.nc.Identity()
	return "", c.identified(), nil
}

func anonymous(c *conn, _ string) (string, *core.Principal, error) {
	c.user = guest
	return "", core.AnonymousPrincipal(), nil
}

// identified is the user of the client's certificate.
func (c *conn) identified() *core.Principal {
	if c.h.cfg.Access == nil || c.nc.Identity() == "" {
		return nil
	}
	who, ok := c.h.cfg.Access.ByIdentity(c.nc.Identity())
	if !ok {
		return nil
	}
	return who
}

const guest = "guest"

// login is a user's, or guest's where that is let in. It may wait: nothing else
// needs this goroutine yet.
func (c *conn) login(name, password string) (*core.Principal, error) {
	c.user = name
	same := subtle.ConstantTimeCompare([]byte(name+"\x00"+password), []byte(guest+"\x00"+guest)) == 1
	if same && c.anonymous && c.local() {
		return core.AnonymousPrincipal(), nil
	}
	if c.h.cfg.Access == nil {
		return nil, errors.New("there are no users but guest, from this machine alone")
	}
	ctx, cancel := context.WithDeadline(c.ctx, c.nc.HandshakeEnds())
	defer cancel()
	return c.h.cfg.Access.Authenticate(ctx, c.nc.Address(), name, []byte(password))
}

// local says that the client is on this machine. A connection that is no socket
// (a pipe) is.
func (c *conn) local() bool {
	address := c.nc.Address()
	if address == "" {
		return true
	}
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.Unmap().IsLoopback()
}
