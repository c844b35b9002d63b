package protocols

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Transport is what lies between a listener's sockets and its protocol. The
// zero value is nothing: plain TCP.
type Transport struct {
	// Proxies are the addresses whose connections begin with a PROXY header.
	Proxies []netip.Prefix
	// LocalOnly refuses clients elsewhere than on loopback, of whom a proxy may
	// tell. It is for listeners that let in everybody since only this machine
	// reaches them.
	LocalOnly bool
	// TLS is nil for none.
	TLS *tls.Config
	// Identity names the user that a verified certificate is of [the common name].
	Identity func(*x509.Certificate) string
	// Upgrade speaks a protocol that lies between, WebSocket, and says which of
	// Door.Handlers the client asked for. With an error it has answered. nil: none.
	Upgrade func(nc net.Conn) (up net.Conn, protocol string, err error)
}

// MessageConn is a transport with messages of its own, for a protocol that has
// each frame in one: what is given to an Output in one call. text says that all
// of it is UTF-8, more that another message follows at once, and that this one may
// wait for it.
type MessageConn interface {
	net.Conn
	NextMessage(text, more bool) (io.WriteCloser, error)
}

var errNotLocal = errors.New("a client off this machine, and there are no users")

// peer is who is at the other end of a connection.
type peer struct {
	remote   string     // host:port
	addr     netip.Addr // invalid for what is not IP
	identity string     // the user of the client's certificate, ""
	over     string     // see Info.Transport
	protocol string     // that the client asked for
}

func (t *Transport) plain() bool {
	return t.TLS == nil && t.Upgrade == nil && len(t.Proxies) == 0 && !t.LocalOnly
}

// fromProxy says that a PROXY header comes first.
func (t *Transport) fromProxy(addr netip.Addr) bool {
	return slices.ContainsFunc(t.Proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// meet finds out where the client is. It reads nothing but a PROXY header.
func (t *Transport) meet(nc net.Conn) (peer, error) {
	p := peer{remote: nc.RemoteAddr().String(), addr: remoteIP(nc)}
	if t.LocalOnly && p.addr.IsValid() && !p.addr.IsLoopback() {
		return p, errNotLocal
	}
	if !t.fromProxy(p.addr) {
		return p, nil
	}
	from, err := readProxyHeader(nc)
	switch {
	case err != nil:
		return p, fmt.Errorf("from the proxy %s: %w", p.remote, err)
	case from.local:
		return p, nil
	case t.LocalOnly && !from.client.Addr().Unmap().IsLoopback(): // also if it does not tell
		return p, fmt.Errorf("%w (%v through %s)", errNotLocal, from.client, p.remote)
	case !from.client.IsValid():
		p.addr = netip.Addr{} // not the proxy's: that may be loopback, and the client is not
	default:
		p.addr = from.client.Addr().Unmap().WithZone("")
		p.remote = netip.AddrPortFrom(p.addr, from.client.Port()).String()
	}
	return p, nil
}

// secure does the handshake of TLS, if there is one. Whoever calls it has set
// the connection's deadline.
func (t *Transport) secure(nc net.Conn, p *peer) (net.Conn, error) {
	if t.TLS == nil {
		p.over = "tcp"
		return nc, nil
	}
	p.over = "tls"
	tc := tls.Server(nc, t.TLS)
	if err := tc.Handshake(); err != nil { //nolint:noctx // the deadline ends it
		return nil, handshakeError(err)
	}
	if chains := tc.ConnectionState().VerifiedChains; len(chains) > 0 {
		name := t.Identity
		if name == nil {
			name = Identities["cn"]
		}
		p.identity = name(chains[0][0])
	}
	return tc, nil
}

// handshakeError says more of what operators meet most: in TLS 1.3 OpenSSL's clients
// that do not trust the certificate say so unencrypted, and crypto/tls takes that
// for a damaged record.
func handshakeError(err error) error {
	if strings.HasSuffix(err.Error(), "bad record MAC") {
		return fmt.Errorf("TLS handshake: %w (most likely the client does not trust the certificate)", err)
	}
	return fmt.Errorf("TLS handshake: %w", err)
}

// upgrade does the handshake of WebSocket, if there is one.
func (t *Transport) upgrade(nc net.Conn, p *peer) (net.Conn, error) {
	if t.Upgrade == nil {
		return nc, nil
	}
	p.over = map[string]string{"tcp": "ws", "tls": "wss"}[p.over]
	nc, protocol, err := t.Upgrade(nc)
	p.protocol = protocol
	return nc, err
}
