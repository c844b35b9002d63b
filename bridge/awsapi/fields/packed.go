package fields

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// packedHeader is one element of the attribute `slipway-headers`, a JSON array.
// Type says what Value's text is; absent, it is a string.
type packedHeader struct {
	Name  string `json:"name"`
	Type  string `json:"type,omitempty"`
	Value string `json:"value"`
}

// The types. A string that is no UTF-8 is binary.
const (
	typeNumber = "number"
	typeBinary = "binary"
	typeBool   = "bool"
	typeTime   = "time"
	typeJSON   = "json"
	typeNull   = "null"
)

// packer builds the attribute.
type packer struct {
	list []packedHeader
	n    int
}

func (p *packer) add(name string, v core.Value) {
	h := packedHeader{Name: strings.ToValidUTF8(name, "�"), Value: Text(v)}
	switch v.Kind {
	case core.Bytes:
		h.Type = typeBinary
	case core.Bool:
		h.Type = typeBool
	case core.Int, core.Uint, core.Float, core.Number:
		h.Type = typeNumber
	case core.Time:
		h.Type = typeTime
	case core.Array, core.Map:
		h.Type = typeJSON
	case core.Null:
		h.Type = typeNull
	case core.String:
		if !utf8.ValidString(v.Str) {
			h.Type, h.Value = typeBinary, base64.StdEncoding.EncodeToString([]byte(v.Str))
		}
	}
	p.list = append(p.list, h)
	p.n++
}

// attribute is the JSON; json escapes the control characters that SQS refuses,
// and the two code points that it does are escaped here.
func (p *packer) attribute() awsapi.Attribute {
	b, err := json.Marshal(p.list)
	if err != nil { // strings only: cannot be
		b = []byte("[]")
	}
	s := strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`).Replace(string(b))
	return text(attrPacked, s)
}

// unpack reads the attribute's value; what is not what attribute wrote gives no
// headers, and stays what it is.
func unpack(s string) []core.Header {
	if s == "" {
		return nil
	}
	var list []packedHeader
	if json.Unmarshal([]byte(s), &list) != nil {
		return nil
	}
	out := make([]core.Header, 0, len(list))
	for _, h := range list {
		out = append(out, core.Header{Name: h.Name, Value: h.value()})
	}
	return out
}

func (h *packedHeader) value() core.Value {
	switch h.Type {
	case typeNumber:
		return core.NumberValue(h.Value)
	case typeBinary:
		if b, err := base64.StdEncoding.DecodeString(h.Value); err == nil {
			return core.BytesValue(b)
		}
	case typeBool:
		return core.BoolValue(h.Value == "true")
	case typeTime:
		if ms, err := strconv.ParseInt(h.Value, 10, 64); err == nil {
			return core.TimeValue(ms)
		}
	case typeNull:
		return core.Value{}
	}
	return core.StringValue(h.Value)
}

// deepest bounds the recursion over a value that a client nested.
const deepest = 64

// appendJSON writes arrays and maps as JSON; binary as base64, a map's duplicate
// keys as they are.
func appendJSON(b []byte, v core.Value, depth int) []byte {
	if depth > deepest {
		return append(b, "null"...)
	}
	switch v.Kind {
	case core.Null:
		return append(b, "null"...)
	case core.Bool, core.Int, core.Uint, core.Time:
		return append(b, Text(v)...)
	case core.Float:
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return append(b, Text(v)...)
		}
	case core.Number:
		if json.Valid([]byte(v.Str)) {
			return append(b, v.Str...)
		}
	case core.Array:
		b = append(b, '[')
		for i, e := range v.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e, depth+1)
		}
		return append(b, ']')
	case core.Map:
		b = append(b, '{')
		for i, e := range v.Map {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, e.Name), ':')
			b = appendJSON(b, e.Value, depth+1)
		}
		return append(b, '}')
	}
	return appendText(b, Text(v))
}

func appendText(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil { // a string: cannot be
		return append(b, `""`...)
	}
	return append(b, q...)
}
