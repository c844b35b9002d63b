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

// Door is what the sections of the doors have in common.
type Door struct {
	Name           string   // of the section
	Listen         []string // host:port
	TLSListen      []string
	AllowAnonymous bool
	TLS            TLS // complete: the door's own over the top-level section

	own   TLS  // the door's section
	keys  bool // users need access keys at this door
	hosts bool // strangers are let in under allowed_hosts only
	known int  // how many those are
}

// Doors lists all, open or not, in the order of the file.
func (c Config) Doors() []Door {
	all := []Door{
		{Name: "mqtt", Listen: c.MQTT.Listen, TLSListen: c.MQTT.TLSListen, AllowAnonymous: c.MQTT.AllowAnonymous, own: c.MQTT.TLS},
		{Name: "amqp", Listen: c.AMQP.Listen, TLSListen: c.AMQP.TLSListen, AllowAnonymous: c.AMQP.AllowAnonymous, own: c.AMQP.TLS},
		{Name: "stomp", Listen: c.STOMP.Listen, TLSListen: c.STOMP.TLSListen, AllowAnonymous: c.STOMP.AllowAnonymous, own: c.STOMP.TLS},
		{
			Name: "websocket", Listen: c.WebSocket.Listen, TLSListen: c.WebSocket.TLSListen, AllowAnonymous: c.WebSocket.AllowAnonymous,
			own: c.WebSocket.TLS, hosts: true, known: len(c.WebSocket.AllowedHosts),
		},
		{Name: "aws", Listen: c.AWS.Listen, TLSListen: c.AWS.TLSListen, AllowAnonymous: c.AWS.AllowAnonymous, own: c.AWS.TLS, keys: true, hosts: true, known: len(c.AWS.AllowedHosts)},
		{Name: "admin", Listen: c.Admin.Listen, TLSListen: c.Admin.TLSListen, AllowAnonymous: c.Admin.AllowAnonymous, own: c.Admin.TLS, hosts: true, known: len(c.Admin.AllowedHosts)},
	}
	for i := range all {
		all[i].TLS = all[i].own.over(c.TLS)
	}
	return all
}

// Open reports whether one of the named doors listens.
func (c Config) Open(names ...string) bool {
	for _, d := range c.Doors() {
		if slices.Contains(names, d.Name) && len(d.Addresses()) > 0 {
			return true
		}
	}
	return false
}

// Addresses are all that the door listens on.
func (d Door) Addresses() []string { return slices.Concat(d.Listen, d.TLSListen) }

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
	open, names := 0, []string{}
	ps.tls("tls", c.TLS)
	for _, d := range c.Doors() {
		ps.tls(d.Name+".tls", d.own)
		ps.tlsListeners(d)
		open, names = open+len(d.Addresses()), append(names, d.Name)
		for i, address := range d.Listen {
			ps.listener(c, d, address, at(d.Name+".listen", i, ""), seen)
		}
		for i, address := range d.TLSListen {
			ps.listener(c, d, address, at(d.Name+".tls_listen", i, ""), seen)
		}
	}
	if open == 0 {
		ps.add("mqtt.listen", "no door is open: give %s an address to listen on", list(names))
	}
}

func (ps *problems) listener(c Config, d Door, address, path string, seen map[string]string) {
	if why := badAddress(address); why != "" {
		ps.add(path, "%s is no address to listen on: %s", quote(address), why)
		return
	}
	if !strings.HasSuffix(address, ":0") { // port 0: the system picks a free one
		ps.unique(seen, address, path, "the address")
	}
	if Loopback(address) || d.AllowAnonymous {
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
func (d Door) letIn() string {
	text := "write " + d.Name + ".allow_anonymous: true to let in whoever reaches it"
	if d.hosts {
		text += " under a host of " + d.Name + ".allowed_hosts"
	}
	return text
}

// NoHosts returns what is worth knowing of doors that let strangers in off
// loopback, yet know no host that they are addressed by.
func (c Config) NoHosts() []string {
	var notes []string
	for _, d := range c.Doors() {
		if d.Name == "aws" && c.AWS.ExternalURL != "" {
			d.known++ // its host is allowed
		}
		all := d.Addresses()
		off := slices.IndexFunc(all, func(a string) bool { return !Loopback(a) })
		if d.hosts && d.AllowAnonymous && d.known == 0 && off >= 0 {
			notes = append(notes, fmt.Sprintf("%s.allowed_hosts is empty: strangers who address %s by anything but a loopback name "+
				"or address are refused; list the names and addresses that it is reached by, or \"*\"", d.Name, quote(all[off])))
		}
	}
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
	ps.hosts("websocket.allowed_hosts", c.WebSocket.AllowedHosts)
	between(ps, "websocket.ping_interval", c.WebSocket.PingInterval, time.Second, time.Hour)
	ps.hosts("admin.allowed_hosts", c.Admin.AllowedHosts)
	if c.AWS.QueueRecreateDelay != 0 {
		between(ps, "aws.queue_recreate_delay", c.AWS.QueueRecreateDelay, time.Second, time.Hour)
	}
	for i, text := range c.AWS.PrivateEndpoints {
		if _, ok := parseNetwork(text); !ok {
			ps.add(at("aws.private_endpoints", i, ""), "%s is no address or network, such as 10.0.0.7 or 10.0.0.0/24", quote(text))
		}
	}
	if (c.AWS.SigningCertificate == "") != (c.AWS.SigningKey == "") {
		ps.add("aws.signing_certificate", "it and signing_key belong together")
	}
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
