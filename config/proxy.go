package config

import (
	"net/netip"
	"slices"
)

// At reports whether the proxies stand before the named door.
func (p ProxyProtocol) At(door string) bool {
	if len(p.Doors) == 0 {
		return door != "admin"
	}
	return slices.Contains(p.Doors, door)
}

// Networks reads networks that have been checked.
func Networks(texts []string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		if network, ok := parseNetwork(text); ok {
			all = append(all, network)
		}
	}
	return all
}

// parseNetwork reads a network, or an address, which is one of its own.
func parseNetwork(text string) (netip.Prefix, bool) {
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		return netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err == nil && !network.Addr().Is4In6()
}

func (ps *problems) proxyProtocol(c Config) {
	for i, text := range c.ProxyProtocol.From {
		if _, ok := parseNetwork(text); !ok {
			ps.add(at("proxy_protocol.from", i, ""), "%s is no address or network, such as 10.0.0.7 or 10.0.0.0/24", quote(text))
		}
	}
	names := []string{}
	for _, d := range c.Doors() {
		names = append(names, d.Name)
	}
	for i, name := range c.ProxyProtocol.Doors {
		ps.oneOf(at("proxy_protocol.doors", i, ""), name, names...)
	}
	if len(c.ProxyProtocol.Doors) > 0 && len(c.ProxyProtocol.From) == 0 {
		ps.add("proxy_protocol.doors", "proxy_protocol.from is empty: nobody is believed")
	}
}
