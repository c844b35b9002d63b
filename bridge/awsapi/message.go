package awsapi

import (
	"crypto/md5" // AWS's checksum of a message, not a secret
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Attribute is a message attribute as the checksum sees it: a value is binary when
// its type says so.
type Attribute struct {
	Name, DataType string
	StringValue    string
	BinaryValue    []byte
}

// MD5OfBody is the checksum that SQS returns for a body.
func MD5OfBody(body string) string {
	sum := md5.Sum(bytesOf(body))
	return hex.EncodeToString(sum[:])
}

// MD5OfAttributes is the checksum that SQS returns for message attributes, or for
// system attributes; empty when there are none. It sorts attrs by name in place.
// AWS.md section 2.
func MD5OfAttributes(attrs []Attribute) string {
	if len(attrs) == 0 {
		return ""
	}
	slices.SortFunc(attrs, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	h := md5.New()
	for i := range attrs {
		a := &attrs[i]
		writeSized(h, bytesOf(a.Name))
		writeSized(h, bytesOf(a.DataType))
		if IsBinaryType(a.DataType) {
			h.Write([]byte{2})
			writeSized(h, a.BinaryValue)
			continue
		}
		h.Write([]byte{1})
		writeSized(h, bytesOf(a.StringValue))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// IsBinaryType tells whether a data type's values are bytes: Binary or Binary.x.
func IsBinaryType(dataType string) bool {
	return dataType == "Binary" || strings.HasPrefix(dataType, "Binary.")
}

func writeSized(h hash.Hash, b []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(b))) // a request is at most a few MiB
	h.Write(n[:])
	h.Write(b)
}

// bytesOf views a string as bytes, to be read only: hashes take no strings, and a
// body may be a MiB.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// IsMessageText tells whether SQS takes s as a body:
// #x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF.
func IsMessageText(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
			return false
		}
		i += n
	}
	return true
}
