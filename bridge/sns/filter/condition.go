package filter

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// value is one leaf of a message: a string, a number, true, false or null.
type value struct {
	kind kind
	text string // of a string; else as written
}

// condition is one element of a key's list.
type condition interface{ matches(v value) bool }

// exact is a literal. A number also equals what is written otherwise, and so does
// an IP address.
type exact struct {
	value
	scaled  int64
	numeric bool
	addr    netip.Addr
}

func exactly(n *node) condition {
	e := exact{value: value{n.kind, n.text}}
	switch n.kind {
	case number:
		e.scaled, e.numeric = scaled(n.text)
	case text:
		e.addr = ip(n.text)
	}
	return e
}

func (e exact) matches(v value) bool {
	if v.kind != e.kind {
		return false
	}
	switch {
	case v.text == e.text || v.kind < number:
		return true
	case e.numeric:
		n, ok := scaled(v.text)
		return ok && n == e.scaled
	case e.addr.IsValid():
		return ip(v.text) == e.addr
	}
	return false
}

// ip is an address literal, or none.
func ip(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a
}

type (
	prefix     string
	suffix     string
	ignoreCase string
	notPrefix  string
	noneOf     []condition
)

func (p prefix) matches(v value) bool { return v.kind == text && strings.HasPrefix(v.text, string(p)) }
func (s suffix) matches(v value) bool { return v.kind == text && strings.HasSuffix(v.text, string(s)) }
func (s ignoreCase) matches(v value) bool {
	return v.kind == text && strings.EqualFold(v.text, string(s))
}

// What is no string has no prefix.
func (p notPrefix) matches(v value) bool { return !prefix(p).matches(v) }

func (n noneOf) matches(v value) bool {
	for _, c := range n {
		if c.matches(v) {
			return false
		}
	}
	return true
}

// between is a range of scaled numbers, both ends in it.
type between struct{ bottom, top int64 }

func (b *between) limit(operator string, n int64) {
	switch operator {
	case "=":
		b.bottom, b.top = n, n
	case ">":
		b.bottom = n + 1
	case ">=":
		b.bottom = n
	case "<":
		b.top = n - 1
	case "<=":
		b.top = n
	}
}

func (b between) matches(v value) bool {
	if v.kind != number {
		return false
	}
	n, ok := scaled(v.text)
	return ok && n >= b.bottom && n <= b.top
}

// block is a range of IP addresses, both ends in it. It begins at the address
// given, as AWS has it, not at the network's first.
type block struct{ from, to netip.Addr }

func (b block) matches(v value) bool {
	if v.kind != text {
		return false
	}
	a := ip(v.text)
	return a.IsValid() && a.BitLen() == b.from.BitLen() && a.Compare(b.from) >= 0 && a.Compare(b.to) <= 0
}

// cidr compiles address/bits. AWS's complaints about it carry no position.
func (c *compiler) cidr(s string) condition {
	addr, bits, ok := strings.Cut(strings.TrimRight(s, "/"), "/")
	if !ok || strings.Contains(bits, "/") {
		return c.refuse("Malformed CIDR, one '/' required")
	}
	n, err := strconv.ParseInt(bits, 10, 32)
	switch {
	case err != nil:
		return c.refuse("Malformed CIDR, mask bits must be an integer")
	case n < 0:
		return c.refuse("Malformed CIDR, mask bits must not be negative")
	}
	a := ip(addr)
	switch {
	case !a.IsValid():
		return c.refuse("Nonstandard IP address: %.200s", addr)
	case a.Is4() && n > 31:
		return c.refuse("IPv4 mask bits must be < 32")
	case n > 127:
		return c.refuse("IPv6 mask bits must be < 128")
	}
	return block{from: a, to: last(a, int(n))}
}

// last is the highest address with the first bits of a.
func last(a netip.Addr, bits int) netip.Addr {
	b := a.AsSlice()
	for i := range b {
		switch free := (i+1)*8 - bits; {
		case free >= 8:
			b[i] = math.MaxUint8
		case free > 0:
			b[i] |= 1<<free - 1
		}
	}
	a, _ = netip.AddrFromSlice(b)
	return a
}

func (c *compiler) refuse(format string, args ...any) condition {
	if c.err == nil {
		c.err = plain(format, args...)
	}
	return nil
}

// wildcards are the literal parts between the asterisks of a pattern.
type wildcards []string

// wildcard compiles a pattern: * is any text, \* and \\ are themselves. AWS counts
// positions with the opening quote.
func (c *compiler) wildcard(s string) condition {
	parts, part := wildcards{}, []byte{}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '*' && strings.HasPrefix(s[i+1:], "*"):
			return c.refuse("Consecutive wildcard characters at pos %d", i+1)
		case s[i] == '*':
			parts, part = append(parts, string(part)), part[:0]
		case s[i] != '\\':
			part = append(part, s[i])
		case strings.HasPrefix(s[i+1:], "*"), strings.HasPrefix(s[i+1:], `\`):
			i++
			part = append(part, s[i])
		default:
			return c.refuse("Invalid escape character at pos %d", i+1)
		}
	}
	return append(parts, string(part))
}

func (w wildcards) matches(v value) bool {
	if v.kind != text {
		return false
	}
	first, rest := w[0], w[1:]
	if len(rest) == 0 {
		return v.text == first
	}
	s, ok := strings.CutPrefix(v.text, first)
	for len(rest) > 1 && ok {
		_, s, ok = strings.Cut(s, rest[0])
		rest = rest[1:]
	}
	return ok && strings.HasSuffix(s, rest[0])
}
