package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

const unsignedPayload = "UNSIGNED-PAYLOAD"

// appendCanonical writes the canonical request: what both sides hash.
func (c *claim) appendCanonical(b []byte, r *http.Request, body []byte) []byte {
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = appendPath(b, r.URL.EscapedPath())
	b = append(b, '\n')
	b = c.appendQuery(b)
	b = append(b, '\n')
	b = c.appendHeaders(b, r)
	b = append(b, '\n')
	b = append(b, c.signedHeaders...)
	b = append(b, '\n')
	return c.appendPayload(b, r, body)
}

// appendPath encodes the path once more than it was sent with: the rule of every
// service but S3.
func appendPath(b []byte, path string) []byte {
	if path == "" {
		return append(b, '/')
	}
	return appendEncoded(b, path, true)
}

// appendQuery writes the parameters sorted by encoded name, then value.
func (c *claim) appendQuery(b []byte) []byte {
	if len(c.query) == 0 {
		return b
	}
	pairs := make([]param, 0, len(c.query))
	for _, p := range c.query {
		if c.presigned && p.key == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, param{string(appendEncoded(nil, p.key, false)), string(appendEncoded(nil, p.value, false))})
	}
	slices.SortFunc(pairs, func(a, b param) int {
		if n := strings.Compare(a.key, b.key); n != 0 {
			return n
		}
		return strings.Compare(a.value, b.value)
	})
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.key...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

// appendHeaders writes `name:value` lines in the order that the client lists them.
func (c *claim) appendHeaders(b []byte, r *http.Request) []byte {
	for rest := c.signedHeaders; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, ";")
		b = append(b, name...)
		b = append(b, ':')
		b = append(appendValues(b, r, name), '\n')
	}
	return b
}

// appendValues writes a header's; net/http keeps two of them elsewhere.
func appendValues(b []byte, r *http.Request, name string) []byte {
	if name == "host" {
		return appendTrimmed(b, r.Host)
	}
	key, usual := usualHeaders[name]
	if !usual {
		key = textproto.CanonicalMIMEHeaderKey(name)
	}
	values := r.Header[key]
	if name == "content-length" && len(values) == 0 && r.ContentLength >= 0 {
		return strconv.AppendInt(b, r.ContentLength, 10)
	}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, v)
	}
	return b
}

// usualHeaders are under the names that net/http has for them, which are costly to
// make from those that clients sign by.
var usualHeaders = func() map[string]string {
	m := map[string]string{}
	for _, name := range []string{"content-type", "content-length", "x-amz-date", "x-amz-target", "x-amz-security-token", "x-amz-content-sha256",
		"x-amzn-query-mode", "x-amz-user-agent", "user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "accept-encoding"} {
		m[name] = textproto.CanonicalMIMEHeaderKey(name)
	}
	return m
}()

// appendTrimmed takes off outer spaces and makes inner runs of them one.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	for i := range len(v) {
		if v[i] == ' ' && i > 0 && v[i-1] == ' ' {
			continue
		}
		b = append(b, v[i])
	}
	return b
}

// appendPayload writes the hash of the body itself, whatever a header claims, or
// the word for none.
func (c *claim) appendPayload(b []byte, r *http.Request, body []byte) []byte {
	claimed := r.Header.Get("X-Amz-Content-Sha256")
	if claimed == "" && c.presigned {
		claimed, _ = c.param("X-Amz-Content-Sha256")
	}
	if claimed == unsignedPayload {
		return append(b, unsignedPayload...)
	}
	sum := sha256.Sum256(body)
	return hex.AppendEncode(b, sum[:])
}

const upperHex = "0123456789ABCDEF"

// appendEncoded percent-encodes all but RFC 3986's unreserved characters.
func appendEncoded(b []byte, s string, keepSlash bool) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b = append(b, c)
		default:
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}
