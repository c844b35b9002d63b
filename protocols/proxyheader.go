package protocols

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// The PROXY protocol, versions 1 and 2, as HAProxy's proxy-protocol.txt defines it: what a load balancer
// says, before the client's first byte, of where the client is.
//
//	version 1   TCP4, TCP6, UNKNOWN (2.1)
//	version 2   LOCAL, PROXY; AF_INET, AF_INET6; AF_UNIX and AF_UNSPEC tell no address (2.2)
//	TLVs        read and passed over (2.2.1 and later)

const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n" // (2.2)
	maxProxyV1     = 107                      // bytes of the line with its CRLF (2.1)
	maxProxyV2     = 4 << 10                  // bytes of addresses and TLVs: some carry a certificate's names
)

var errProxyHeader = errors.New("no PROXY protocol header")

// origin is what a header says.
type origin struct {
	client netip.AddrPort // invalid: it does not say
	local  bool           // the proxy speaks for itself, such as to see whether we are there
}

// readProxyHeader reads a header and not a byte more: what follows is the
// client's, and is waited for on the socket itself.
func readProxyHeader(r io.Reader) (origin, error) {
	var start [len(proxySignature)]byte // a header of version 1 is longer too
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return origin{}, fmt.Errorf("%w: %w", errProxyHeader, err)
	}
	switch {
	case string(start[:]) == proxySignature:
		return readProxyV2(r)
	case bytes.HasPrefix(start[:], []byte("PROXY ")):
		return readProxyV1(r, start[:])
	}
	return origin{}, errProxyHeader
}

// readProxyV1 reads the rest of the line that begins with start.
func readProxyV1(r io.Reader, start []byte) (origin, error) {
	line := append(make([]byte, 0, maxProxyV1), start...)
	for !bytes.HasSuffix(line, []byte("\r\n")) {
		if len(line) == maxProxyV1 {
			return origin{}, fmt.Errorf("%w: the line is too long", errProxyHeader)
		}
		if _, err := io.ReadFull(r, line[len(line):len(line)+1]); err != nil {
			return origin{}, fmt.Errorf("%w: %w", errProxyHeader, err)
		}
		line = line[:len(line)+1]
	}
	return parseProxyV1(string(line[:len(line)-2]))
}

func parseProxyV1(line string) (origin, error) {
	f := strings.Split(line, " ")
	if len(f) >= 2 && f[1] == "UNKNOWN" {
		return origin{}, nil // and whatever follows
	}
	if len(f) != 6 || f[1] != "TCP4" && f[1] != "TCP6" {
		return origin{}, fmt.Errorf("%w: what is %q?", errProxyHeader, line)
	}
	client, err := proxyAddress(f[2], f[4], f[1] == "TCP4")
	if err != nil {
		return origin{}, err
	}
	if _, err := proxyAddress(f[3], f[5], f[1] == "TCP4"); err != nil {
		return origin{}, err
	}
	return origin{client: client}, nil
}

func proxyAddress(host, port string, four bool) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort("[" + host + "]:" + port)
	if four {
		a, err = netip.ParseAddrPort(host + ":" + port)
	}
	if err != nil || a.Addr().Is4() != four || a.Addr().Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%w: %q and %q are no address", errProxyHeader, host, port)
	}
	return a, nil
}

// readProxyV2 reads what follows the signature.
func readProxyV2(r io.Reader) (origin, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return origin{}, fmt.Errorf("%w: %w", errProxyHeader, err)
	}
	length := int(binary.BigEndian.Uint16(head[2:]))
	if head[0]>>4 != 2 || head[0]&0xf > 1 || length > maxProxyV2 {
		return origin{}, fmt.Errorf("%w: version and command %#x, %d bytes", errProxyHeader, head[0], length)
	}
	rest := make([]byte, length)
	if _, err := io.ReadFull(r, rest); err != nil {
		return origin{}, fmt.Errorf("%w: %w", errProxyHeader, err)
	}
	if head[0]&0xf == 0 {
		return origin{local: true}, nil // whatever it says of addresses
	}
	return parseProxyV2(head[1]>>4, rest)
}

func parseProxyV2(family byte, b []byte) (origin, error) {
	size := map[byte]int{1: 4, 2: 16}[family] // AF_INET, AF_INET6
	switch {
	case family > 3:
		return origin{}, fmt.Errorf("%w: family %d", errProxyHeader, family)
	case size == 0:
		return origin{}, nil
	case len(b) < 2*size+4:
		return origin{}, fmt.Errorf("%w: %d bytes hold no addresses of family %d", errProxyHeader, len(b), family)
	}
	ip, _ := netip.AddrFromSlice(b[:size]) // 4 or 16 bytes are an address
	return origin{client: netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[2*size:]))}, nil
}
