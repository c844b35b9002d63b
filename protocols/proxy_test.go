package protocols

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// v2 is a header of version 2.
func v2(command, family byte, rest ...byte) string {
	b := append([]byte(proxySignature), 0x20|command, family)
	return string(append(binary.BigEndian.AppendUint16(b, uint16(len(rest))), rest...))
}

var proxyHeaders = []struct {
	name, header string
	client       string // "": it does not tell; "local"; "-": refused
}{
	{"TCP4", "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n", "203.0.113.9:4711"},
	{"TCP6", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "[2001:db8::1]:1"},
	{"unknown", "PROXY UNKNOWN\r\n", ""},
	{"unknown with addresses", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""},
	{"longest", "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
	{"too long", "PROXY UNKNOWN " + strings.Repeat("x", 100) + "\r\n", "-"},
	{"family and address differ", "PROXY TCP4 2001:db8::1 10.0.0.1 1 2\r\n", "-"},
	{"a name", "PROXY TCP4 localhost 10.0.0.1 1 2\r\n", "-"},
	{"a zone", "PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n", "-"},
	{"port", "PROXY TCP4 10.0.0.2 10.0.0.1 65536 2\r\n", "-"},
	{"two spaces", "PROXY  TCP4 10.0.0.2 10.0.0.1 1 2\r\n", "-"},
	{"no CR", "PROXY TCP4 10.0.0.2 10.0.0.1 1 2\n" + strings.Repeat("x", 100), "-"},
	{"MQTT at once", "\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03abc", "-"},
	{"IPv4", v2(1, 0x11, 203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 7, 0x5b), "203.0.113.9:4711"},
	{"IPv6", v2(1, 0x21, append(append(netip.MustParseAddr("2001:db8::1").AsSlice(), make([]byte, 16)...), 0, 1, 0, 2)...), "[2001:db8::1]:1"},
	{"TLVs", v2(1, 0x11, 203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 7, 0x5b, 4, 0, 2, 'a', 'b', 0xea, 0, 1, 'x'), "203.0.113.9:4711"},
	{"local", v2(0, 0), "local"},
	{"local with an address", v2(0, 0x11, 203, 0, 113, 9, 10, 0, 0, 1, 0, 1, 0, 2), "local"},
	{"unspecified", v2(1, 0), ""},
	{"unix", v2(1, 0x31, make([]byte, 216)...), ""},
	{"addresses cut", v2(1, 0x11, 203, 0, 113, 9), "-"},
	{"family", v2(1, 0x41, make([]byte, 12)...), "-"},
	{"command", v2(2, 0x11, make([]byte, 12)...), "-"},
	{"version", strings.Replace(v2(1, 0), "\x21\x00", "\x31\x00", 1), "-"},
	{"too many TLVs", v2(1, 0x11, make([]byte, maxProxyV2+1)...), "-"},
	{"cut", proxySignature + "\x21", "-"},
}

// What follows a header is not touched.
func TestProxyHeaders(t *testing.T) {
	for _, tt := range proxyHeaders {
		r := strings.NewReader(tt.header)
		if tt.client != "-" {
			r = strings.NewReader(tt.header + "the client's")
		}
		got, err := readProxyHeader(r)
		switch text := got.client.String(); {
		case tt.client == "-":
			if err == nil {
				t.Errorf("%s: taken as %v", tt.name, got)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.client == "local" != got.local, got.client.IsValid() && text != tt.client, !got.client.IsValid() && tt.client != "" && !got.local:
			t.Errorf("%s: got %v, local %v", tt.name, text, got.local)
		}
		if rest, _ := io.ReadAll(r); string(rest) != "the client's" {
			t.Errorf("%s: left %q", tt.name, rest)
		}
	}
}

func FuzzProxyHeader(f *testing.F) {
	for _, tt := range proxyHeaders {
		f.Add([]byte(tt.header))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		got, err := readProxyHeader(r)
		if used := len(in) - r.Len(); used > len(proxySignature)+4+maxProxyV2 {
			t.Errorf("read %d bytes", used)
		}
		if err != nil && (got.local || got.client.IsValid()) || got.local && got.client.IsValid() {
			t.Errorf("got %v, %v", got, err)
		}
		if got.client.IsValid() && got.client.Addr().Zone() != "" {
			t.Errorf("a zone: %v", got.client)
		}
	})
}

// Behind a proxy a connection is the client's: in lists, for the limit of an
// address, and for who may come in at all. Nobody else is believed.
func TestProxied(t *testing.T) {
	trusted, others := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	const foreign, near = "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n", "PROXY TCP4 127.0.0.1 127.0.0.1 4711 1883\r\n"
	for _, tt := range []struct {
		name   string
		t      Transport
		header string
		want   string // the client; "": closed, "own": the socket's, "nobody's": no address that counts
	}{
		{"foreign", Transport{Proxies: trusted}, foreign, "203.0.113.9:4711"},
		{"version 2", Transport{Proxies: trusted}, v2(1, 0x11, 203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 7, 0x5b), "203.0.113.9:4711"},
		{"mapped", Transport{Proxies: trusted}, "PROXY TCP6 ::ffff:203.0.113.9 ::1 4711 1\r\n", "203.0.113.9:4711"},
		{"a health check", Transport{Proxies: trusted}, v2(0, 0), "own"},
		{"unknown", Transport{Proxies: trusted}, "PROXY UNKNOWN\r\n", "nobody's"},
		{"no header", Transport{Proxies: trusted}, "hello, it is me", ""},
		{"not believed", Transport{Proxies: others}, "", "own"},
		{"loopback only, foreign", Transport{Proxies: trusted, LocalOnly: true}, foreign, ""},
		{"loopback only, mapped", Transport{Proxies: trusted, LocalOnly: true}, "PROXY TCP6 ::ffff:203.0.113.9 ::1 4711 1\r\n", ""},
		{"loopback only, unknown", Transport{Proxies: trusted, LocalOnly: true}, "PROXY UNKNOWN\r\n", ""},
		{"loopback only, unspecified", Transport{Proxies: trusted, LocalOnly: true}, v2(1, 0), ""},
		{"loopback only, unix", Transport{Proxies: trusted, LocalOnly: true}, v2(1, 0x31, make([]byte, 216)...), ""},
		{"loopback only, near", Transport{Proxies: trusted, LocalOnly: true}, near, "127.0.0.1:4711"},
		{"loopback only, a health check", Transport{Proxies: trusted, LocalOnly: true}, v2(0, 0), "own"},
		{"loopback only, direct", Transport{LocalOnly: true}, "", "own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, addr := open(t, Config{}, Door{Transport: tt.t, Handler: handlerFunc(func(_ context.Context, c *Conn) {
				c.Out.Write(Must, []byte(c.Remote()+" "+c.Address()))
			})})
			c := dial(t, addr)
			write(t, c, tt.header)
			_ = c.CloseWrite()
			want := tt.want
			if want == "own" || want == "nobody's" {
				want = c.LocalAddr().String()
			}
			if tt.want == "nobody's" {
				want += " "
			} else if want != "" {
				host, _, _ := net.SplitHostPort(want)
				want += " " + host
			}
			got, _ := io.ReadAll(c) // a refused client may be reset
			if string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestLimitOfProxiedAddresses(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	s, addr := open(t, Config{MaxPerAddress: 2}, Door{Transport: Transport{Proxies: trusted}, Handler: echo(nil)})
	from := func(client string) net.Conn {
		c := dial(t, addr)
		write(t, c, "PROXY TCP4 "+client+" 10.0.0.1 1 1883\r\n")
		return c
	}
	for _, client := range []string{"203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.3"} {
		c := from(client)
		write(t, c, "hello")
		expect(t, c, "hello")
	}
	expectEnd(t, from("203.0.113.1"))
	if n := s.Stats().RefusedAddress.Load(); n != 1 {
		t.Errorf("%d refused", n)
	}
	s.CloseAll(io.ErrClosedPipe)
}
