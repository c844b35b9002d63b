package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// door is what the doors' sections have in common.
type door struct {
	name      string
	listen    []string
	anonymous bool
	keys      bool // users need access keys at this door
	hosts     bool // strangers are let in under allowed_hosts only
}

func (c Config) all() []door {
	return []door{
		{"mqtt", c.MQTT.Listen, c.MQTT.AllowAnonymous, false, false},
		{"aws", c.AWS.Listen, c.AWS.AllowAnonymous, true, true},
		{"admin", c.Admin.Listen, c.Admin.AllowAnonymous, false, true},
	}
}

// Anonymous reports whether a listener at
// address lets in clients without credentials: where allow_anonymous says so,
// and on loopback as long as there are no users.
func (c Config) Anonymous(allowed bool, address string) bool {
	return allowed || (len(c.Users) == 0 && Loopback(address))
}

// Loopback reports whether only this machine reaches a listener at host:port.
// Of names only localhost is known to be one: what another resolves to may
// change.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (ps *problems) doors(c Config) {
	seen := map[string]string{}
	open := 0
	for _, d := range c.all() {
		open += len(d.listen)
		for i, address := range d.listen {
			ps.listener(c, d, address, at(d.name+".listen", i, ""), seen)
		}
	}
	if open == 0 {
		ps.add("mqtt.listen", "no door is open: give mqtt, aws or admin an address to listen on")
	}
}

func (ps *problems) listener(c Config, d door, address, path string, seen map[string]string) {
	if why := badAddress(address); why != "" {
		ps.add(path, "%s is no address to listen on: %s", quote(address), why)
		return
	}
	if !strings.HasSuffix(address, ":0") { // port 0: the system picks a free one
		ps.unique(seen, address, path, "the address")
	}
	if Loopback(address) || d.anonymous {
		return
	}
	switch {
	case len(c.Users) == 0:
		ps.add(path, "%s is not a loopback address and there are no users: configure users, "+
			"or %s, or listen on 127.0.0.1", quote(address), d.letIn())
	case d.keys && !slices.ContainsFunc(c.Users, func(u User) bool { return len(u.AccessKeys) > 0 }):
		ps.add(path, "%s is not a loopback address and no user has access_keys: give some, "+
			"or %s, or listen on 127.0.0.1", quote(address), d.letIn())
	}
}

// letIn is what to write for a door to be open to all.
func (d door) letIn() string {
	text := "write " + d.name + ".allow_anonymous: true to let in whoever reaches it"
	if d.hosts {
		text += " under a host of " + d.name + ".allowed_hosts"
	}
	return text
}

// NoHosts returns what is worth knowing of doors that let strangers in off
// loopback, yet know no host that they are addressed by.
func (c Config) NoHosts() []string {
	var notes []string
	note := func(name string, listen []string, anonymous bool, hosts int) {
		off := slices.IndexFunc(listen, func(a string) bool { return !Loopback(a) })
		if anonymous && hosts == 0 && off >= 0 {
			notes = append(notes, fmt.Sprintf("%s.allowed_hosts is empty: strangers who address %s by anything but a loopback name "+
				"or address are refused; list the names and addresses that it is reached by, or \"*\"", name, quote(listen[off])))
		}
	}
	known := len(c.AWS.AllowedHosts)
	if c.AWS.ExternalURL != "" {
		known++ // its host is allowed
	}
	note("aws", c.AWS.Listen, c.AWS.AllowAnonymous, known)
	note("admin", c.Admin.Listen, c.Admin.AllowAnonymous, len(c.Admin.AllowedHosts))
	return notes
}

// badAddress says what is wrong with host:port.
func badAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "write host:port, and an IPv6 address in brackets"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "the port is not a number from 0 to 65535"
	}
	if _, err := netip.ParseAddr(host); host == "" || err == nil {
		return "" // "" is every address of the machine
	}
	if !isHostName(host) {
		return "the host is neither a name nor an IP address"
	}
	return ""
}

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// isHostName reports whether name can be a host's: RFC 1123, and the
// underscore that container networks use.
func isHostName(name string) bool {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	for _, l := range labels {
		if !hostLabel.MatchString(l) {
			return false
		}
	}
	_, err := strconv.Atoi(labels[len(labels)-1])
	return len(name) <= 253 && err != nil // 1.2.3 is a slip in an address
}

func (ps *problems) mqtt(m MQTT) {
	if m.SysInterval != 0 {
		between(ps, "mqtt.sys_interval", m.SysInterval, time.Second, time.Hour)
	}
	ps.property("mqtt.server_reference", m.ServerReference)
	ps.property("mqtt.response_information", m.ResponseInformation)
}

// property finds what a string that is told to clients may not be.
func (ps *problems) property(path, text string) {
	if len(text) > 1024 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		ps.add(path, "%s is longer than 1024 bytes, or holds what cannot be printed", quote(text))
	}
}

func (ps *problems) aws(c Config) {
	ps.accountID("aws.account_id", c.AWS.AccountID)
	ps.region("aws.region", c.AWS.Region)
	ps.hosts("aws.allowed_hosts", c.AWS.AllowedHosts)
	ps.hosts("admin.allowed_hosts", c.Admin.AllowedHosts)
	if c.AWS.ExternalURL == "" {
		return
	}
	u, err := url.Parse(c.AWS.ExternalURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		ps.add("aws.external_url", "%s is not of the form http://host:port, with nothing behind it", quote(c.AWS.ExternalURL))
	}
}

func (ps *problems) hosts(path string, hosts []string) {
	for i, host := range hosts {
		_, err := netip.ParseAddr(host)
		name := strings.TrimPrefix(host, "*.")
		if err != nil && host != "*" && !isHostName(name) {
			ps.add(at(path, i, ""), "%s is not the name or address of a host; write it without scheme and port", quote(host))
		}
	}
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

func (ps *problems) accountID(path, id string) {
	if !accountForm.MatchString(id) {
		ps.add(path, "%s is not an AWS account: twelve digits", quote(id))
	}
}

func (ps *problems) region(path, region string) {
	if !regionForm.MatchString(region) || len(region) > 64 {
		ps.add(path, "%s is not a region: lower-case letters and digits, parted by -", quote(region))
	}
}
