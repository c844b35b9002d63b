package fields

import (
	"encoding/binary"
	"errors"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// The protocols of an Origin that this package wrote.
const (
	SQS = "sqs"
	SNS = "sns"
)

// origin is what Origin.Data holds.
//
//	byte    version, 1; another version is not ours to read: add a reader, keep this one
//	byte    flags
//	string  with flagVariant, flagHTTP, flagHTTPS each: the body for SQS and for
//	        endpoints, where it differs (MessageStructure json)
//	uvarint number of attributes, then each:
//	  byte   kind: header (the next of the message's headers) or kept
//	  string data type
//	  string name, string value   only if kept
//
// A string is a uvarint length and its bytes.
type origin struct {
	base64  bool // the body came as base64, Body holds the bytes
	variant Variants
	attrs   []originAttr
}

type originAttr struct {
	header   bool
	dataType string
	name     string // if not header
	value    string // if not header
}

const (
	originVersion = 1
	flagBase64    = 1 << 0
	flagVariant   = 1 << 1
	flagHTTP      = 1 << 2
	flagHTTPS     = 1 << 3

	kindHeader = 0
	kindKept   = 1
)

func (o *origin) encode() []byte {
	flags := byte(0)
	if o.base64 {
		flags |= flagBase64
	}
	b := []byte{originVersion, 0}
	for i, v := range o.variant.list() {
		if *v != "" {
			flags |= flagVariant << i
			b = appendString(b, *v)
		}
	}
	b[1] = flags
	b = binary.AppendUvarint(b, uint64(len(o.attrs)))
	for _, a := range o.attrs {
		if a.header {
			b = appendString(append(b, kindHeader), a.dataType)
			continue
		}
		b = appendString(append(b, kindKept), a.dataType)
		b = appendString(appendString(b, a.name), a.value)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Variants are the bodies of a message for protocols that get another than all the
// rest (MessageStructure json); empty: the same.
type Variants struct{ SQS, HTTP, HTTPS string }

// list is in the order of the flags.
func (v *Variants) list() [3]*string { return [3]*string{&v.SQS, &v.HTTP, &v.HTTPS} }

// of is the body for a protocol, if it has one of its own. SQS's is asked for
// without a name.
func (v *Variants) of(protocol string) string {
	switch protocol {
	case "", SQS:
		return v.SQS
	case "http":
		return v.HTTP
	case "https":
		return v.HTTPS
	}
	return ""
}

var errOrigin = errors.New("fields: an origin that this version does not read")

// parse reads what encode wrote.
func (o *origin) parse(data []byte) error {
	if len(data) < 2 || data[0] != originVersion {
		return errOrigin
	}
	r := reader{b: data[2:]}
	o.base64 = data[1]&flagBase64 != 0
	for i, v := range o.variant.list() {
		if data[1]&(flagVariant<<i) != 0 {
			*v = r.string()
		}
	}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		kind := r.byte()
		a := originAttr{header: kind == kindHeader, dataType: r.string()}
		if !a.header {
			a.name, a.value = r.string(), r.string()
		}
		o.attrs = append(o.attrs, a)
	}
	if r.bad {
		return errOrigin
	}
	return nil
}

// reader reads the stored form; after a mistake everything is empty.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// attributes are the message's attributes as they came in; false if its headers
// are not those that the origin speaks of.
func (o *origin) attributes(m *core.Message) ([]awsapi.Attribute, bool) {
	out := make([]awsapi.Attribute, 0, len(o.attrs)+1)
	next := 0
	for _, a := range o.attrs {
		if !a.header {
			out = append(out, attribute(a.name, a.dataType, a.value))
			continue
		}
		if next == len(m.Headers) {
			return nil, false
		}
		h := &m.Headers[next]
		next++
		value := h.Value.Str
		if h.Value.Kind == core.Bytes {
			value = string(h.Value.Raw)
		}
		out = append(out, attribute(h.Name, a.dataType, value))
	}
	return out, true
}

func attribute(name, dataType, value string) awsapi.Attribute {
	a := awsapi.Attribute{Name: name, DataType: dataType}
	if awsapi.IsBinaryType(dataType) {
		a.BinaryValue = []byte(value)
	} else {
		a.StringValue = value
	}
	return a
}
