package sns

import (
	"net/netip"
	"net/url"
	"slices"

	"github.com/slipwaymq/slipway/bridge/awsapi/notice"
)

// Endpoints is how what is subscribed by http and https is reached.
type Endpoints struct {
	// Base is scheme://host[:port] of the links in what is sent: where this broker's
	// AWS door is for the endpoints.
	Base string
	// Private are networks that are no public ones, and may be sent to all the same.
	Private []netip.Prefix
	// Signer signs what is sent; nil: nothing is signed.
	Signer *notice.Signer
}

// maxEndpoint bounds a URL.
const maxEndpoint = 2048

// checkEndpoint wants a URL of the protocol.
func checkEndpoint(protocol, endpoint string) error {
	u, err := url.Parse(endpoint)
	switch {
	case len(endpoint) > maxEndpoint, err == nil && u.Scheme != "http" && u.Scheme != "https", err == nil && u.Scheme != protocol:
		return invalid("Endpoint must match the specified protocol")
	case err != nil, u.Hostname() == "":
		return invalid("Endpoint Reason: it is no URL")
	}
	return nil
}

// special are networks that IANA keeps for other things than hosts of the internet,
// beside those that netip knows: whoever may subscribe must not reach with our
// requests what he cannot reach himself.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2002::/16", "2001::/32", "fec0::/10")

func prefixes(all ...string) (out []netip.Prefix) {
	for _, s := range all {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// mayReach says whether an address may be sent to.
func (e *Endpoints) mayReach(a netip.Addr) bool {
	a = a.Unmap()
	in := func(p netip.Prefix) bool { return p.Contains(a) }
	if slices.ContainsFunc(e.Private, in) {
		return true
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(special, in)
}
