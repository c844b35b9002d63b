package awsapi

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// A Guard keeps web pages out while nothing verifies who asks (DESIGN section
// 7): any page that a user visits can reach 127.0.0.1, by a form or fetch to it
// (cross-site), or by a name of its own that resolves to it (DNS rebinding). It
// is immutable.
type Guard struct {
	setting  string
	all      bool
	names    map[string]bool
	suffixes []string // with the leading dot
}

// NewGuard makes a guard that lets loopback hosts through, those of allow
// (names, *.suffixes, or * for all) and that of externalURL, if any. setting is
// what allow is called in the configuration, for messages.
func NewGuard(setting string, allow []string, externalURL string) *Guard {
	g := &Guard{setting: setting, names: map[string]bool{}}
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

// Refusal says why a request may be a web page's doing; "" lets it through.
func (g *Guard) Refusal(r *http.Request) string {
	if g.all {
		return ""
	}
	if !g.allowed(hostOnly(r.Host)) {
		return "the Host " + quoteShort(r.Host) + " is neither loopback nor in " + g.setting
	}
	return g.ForeignOrigin(r)
}

// ForeignOrigin is Refusal without a look at the Host: for requests whose
// credentials a browser may have added, at an address that is not loopback. A
// page of the very host that is asked is no foreigner.
func (g *Guard) ForeignOrigin(r *http.Request) string {
	origin, known := r.Header["Origin"]
	switch {
	case g.all:
		return ""
	case known:
		text := strings.Join(origin, ",")
		u, err := url.Parse(text)
		if err != nil || !g.allowed(u.Hostname()) && !(u.Host != "" && strings.EqualFold(u.Host, r.Host)) {
			return "the Origin " + quoteShort(text) + " is neither loopback nor in " + g.setting
		}
	case strings.EqualFold(r.Header.Get("Sec-Fetch-Site"), "cross-site"):
		return "it comes from another site's page"
	}
	return ""
}

// allowed tells loopback and listed hosts. localhost and names under it are
// loopback by RFC 6761.
func (g *Guard) allowed(host string) bool {
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
