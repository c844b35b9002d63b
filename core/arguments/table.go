package arguments

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"

	"github.com/slipwaymq/slipway/core"
)

// Kept arguments are the contents of an AMQP 0-9-1 field table (4.2.5.5), with
// RabbitMQ's reading of the types, in base64: what the AMQP door got is kept
// byte for byte.

// maxDepth bounds the nesting of what is read.
const maxDepth = 32

var errTable = errors.New("damaged field table")

// appendTable writes the fields of a table, without its length.
func appendTable(dst []byte, hs []core.Header) []byte {
	for _, h := range hs {
		name := h.Name[:min(len(h.Name), math.MaxUint8)]
		dst = append(append(dst, byte(len(name))), name...)
		dst = appendValue(dst, h.Value)
	}
	return dst
}

func appendValue(dst []byte, v core.Value) []byte {
	be := binary.BigEndian
	switch v.Kind {
	case core.String:
		return append(be.AppendUint32(append(dst, 'S'), uint32(len(v.Str))), v.Str...)
	case core.Number:
		return append(be.AppendUint32(append(dst, 'S'), uint32(len(v.Str))), v.Str...)
	case core.Bytes:
		return append(be.AppendUint32(append(dst, 'x'), uint32(len(v.Raw))), v.Raw...)
	case core.Bool:
		if v.Bool() {
			return append(dst, 't', 1)
		}
		return append(dst, 't', 0)
	case core.Int:
		if n := v.Int(); n == int64(int32(n)) {
			return be.AppendUint32(append(dst, 'I'), uint32(n))
		}
		return be.AppendUint64(append(dst, 'l'), uint64(v.Int()))
	case core.Uint:
		return be.AppendUint64(append(dst, 'd'), math.Float64bits(float64(v.Uint())))
	case core.Float:
		return be.AppendUint64(append(dst, 'd'), math.Float64bits(v.Float()))
	case core.Time:
		return be.AppendUint64(append(dst, 'T'), uint64(v.Int()/1000))
	case core.Array:
		return appendSized(append(dst, 'A'), func(dst []byte) []byte {
			for i := range v.List {
				dst = appendValue(dst, v.List[i])
			}
			return dst
		})
	case core.Map:
		return appendSized(append(dst, 'F'), func(dst []byte) []byte { return appendTable(dst, v.Map) })
	}
	return append(dst, 'V')
}

func appendSized(dst []byte, f func([]byte) []byte) []byte {
	at := len(dst)
	dst = f(append(dst, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// table reads fields; after a failure everything is zero.
type table struct {
	b   []byte
	bad bool
}

func (t *table) take(n int) []byte {
	if t.bad || n > len(t.b) {
		t.bad, t.b = true, nil
		return make([]byte, min(n, 8))
	}
	b := t.b[:n]
	t.b = t.b[n:]
	return b
}

func (t *table) sized() []byte {
	n := binary.BigEndian.Uint32(t.take(4))
	if uint64(n) > uint64(len(t.b)) {
		t.bad, t.b = true, nil
		return nil
	}
	return t.take(int(n))
}

func (t *table) fields(depth int) (hs []core.Header) {
	for len(t.b) > 0 && !t.bad {
		name := string(t.take(int(t.take(1)[0])))
		hs = append(hs, core.Header{Name: name, Value: t.value(depth)})
	}
	return hs
}

// readTable reads the fields of a table.
func readTable(b []byte) ([]core.Header, error) {
	t := table{b: b}
	hs := t.fields(0)
	if t.bad {
		return nil, errTable
	}
	return hs, nil
}

func (t *table) value(depth int) core.Value {
	be := binary.BigEndian
	switch kind := t.take(1)[0]; kind {
	case 't':
		return core.BoolValue(t.take(1)[0] != 0)
	case 'b':
		return core.IntValue(int64(int8(t.take(1)[0])))
	case 'B':
		return core.IntValue(int64(t.take(1)[0]))
	case 's':
		return core.IntValue(int64(int16(be.Uint16(t.take(2)))))
	case 'u':
		return core.IntValue(int64(be.Uint16(t.take(2))))
	case 'I':
		return core.IntValue(int64(int32(be.Uint32(t.take(4)))))
	case 'i':
		return core.IntValue(int64(be.Uint32(t.take(4))))
	case 'l':
		return core.IntValue(int64(be.Uint64(t.take(8))))
	case 'f':
		return core.FloatValue(float64(math.Float32frombits(be.Uint32(t.take(4)))))
	case 'd':
		return core.FloatValue(math.Float64frombits(be.Uint64(t.take(8))))
	case 'D':
		return decimal(t.take(1)[0], be.Uint32(t.take(4)))
	case 'S':
		return core.StringValue(string(t.sized()))
	case 'x':
		return core.BytesValue(append([]byte(nil), t.sized()...))
	case 'T':
		return core.TimeValue(int64(be.Uint64(t.take(8))) * 1000)
	case 'V':
		return core.Value{}
	case 'A', 'F':
		return t.nested(kind, depth+1)
	}
	t.bad = true
	return core.Value{}
}

func (t *table) nested(kind byte, depth int) (v core.Value) {
	in := table{b: t.sized(), bad: depth > maxDepth}
	if kind == 'F' {
		v = core.MapValue(in.fields(depth))
	} else {
		var list []core.Value
		for len(in.b) > 0 && !in.bad {
			list = append(list, in.value(depth))
		}
		v = core.ArrayValue(list)
	}
	t.bad = t.bad || in.bad
	return v
}

func decimal(scale byte, n uint32) core.Value {
	return core.NumberValue(strconv.FormatInt(int64(int32(n)), 10) + "e-" + strconv.Itoa(int(scale)))
}
