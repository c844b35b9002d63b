package awsapi

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// guard keeps web pages out while nothing verifies signatures (DESIGN section 7):
// any page that a user visits can reach 127.0.0.1, by a form or fetch to it
// (cross-site), or by a name of its own that resolves to it (DNS rebinding).
type guard struct {
	all      bool
	names    map[string]bool
	suffixes []string // with the leading dot
}

func newGuard(allow []string, externalURL string) guard {
	g := guard{names: map[string]bool{}}
	for _, h := range allow {
		h = strings.ToLower(strings.TrimSpace(h))
		switch {
		case h == "*":
			g.all = true
		case strings.HasPrefix(h, "*."):
			g.suffixes = append(g.suffixes, h[1:])
		case h != "":
			g.names[h] = true
		}
	}
	if u, err := url.Parse(externalURL); err == nil && u.Hostname() != "" {
		g.names[strings.ToLower(u.Hostname())] = true
	}
	return g
}

// check refuses a request that a web page may have made.
func (g *guard) check(r *http.Request) error {
	if g.all {
		return nil
	}
	if !g.allowed(hostOnly(r.Host)) {
		return refused("the Host " + quoteShort(r.Host) + " is neither loopback nor in aws.allowed_hosts")
	}
	origin, known := r.Header["Origin"]
	if known {
		u, err := url.Parse(strings.Join(origin, ","))
		if err != nil || !g.allowed(u.Hostname()) {
			return refused("the Origin " + quoteShort(strings.Join(origin, ",")) + " is neither loopback nor in aws.allowed_hosts")
		}
	}
	if !known && strings.EqualFold(r.Header.Get("Sec-Fetch-Site"), "cross-site") {
		return refused("it comes from another site's page")
	}
	return nil
}

func refused(why string) error {
	return wire.AccessDenied.New("The request was refused, since no users are configured and " + why + ".")
}

// allowed tells loopback and listed hosts. localhost and names under it are
// loopback by RFC 6761.
func (g *guard) allowed(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || g.names[host] {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	for _, s := range g.suffixes {
		if strings.HasSuffix(host, s) {
			return true
		}
	}
	return false
}

func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}

func quoteShort(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return "'" + strings.ToValidUTF8(s, "?") + "'"
}
