package amqp091

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Field values and the core's, both ways.

// toCore is a field value as the core has it. Strings and bytes are of v's.
func toCore(v wire.Value) core.Value {
	switch v.Kind {
	case wire.KindBool:
		return core.BoolValue(v.Bool())
	case wire.KindFloat, wire.KindDouble:
		f, _ := v.Float()
		return core.FloatValue(f)
	case wire.KindDecimal:
		scale, n, _ := v.Decimal()
		return core.NumberValue(decimal(scale, n))
	case wire.KindTime:
		if s, _ := v.Uint(); s <= math.MaxInt64/1000 {
			return core.TimeValue(int64(s) * 1000)
		}
		return core.Value{}
	case wire.KindString:
		if utf8.Valid(v.Raw) {
			return core.StringValue(alias(v.Raw))
		}
		return core.BytesValue(v.Raw)
	case wire.KindBytes:
		return core.BytesValue(v.Raw)
	case wire.KindArray:
		var list []core.Value
		for e := range v.Elements() {
			list = append(list, toCore(e))
		}
		return core.ArrayValue(list)
	case wire.KindTable:
		return core.MapValue(headersOf(v.Table()))
	}
	if n, ok := v.Int(); ok {
		return core.IntValue(n)
	}
	if n, ok := v.Uint(); ok {
		return core.UintValue(n)
	}
	return core.Value{}
}

// decimal is n times ten to the minus scale, as text.
func decimal(scale uint8, n uint32) string {
	digits := strconv.FormatUint(uint64(n), 10)
	if scale == 0 {
		return digits
	}
	if pad := int(scale) + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point := len(digits) - int(scale)
	return digits[:point] + "." + digits[point:]
}

// headersOf are the headers of a table; they are of its bytes.
func headersOf(t wire.Table) (list []core.Header) {
	for name, v := range t.Fields() {
		list = append(list, core.Header{Name: alias(name), Value: toCore(v)})
	}
	return list
}

// headers are those of a table that is only lent.
func headers(t wire.Table) []core.Header {
	return headersOf(append(wire.Table(nil), t...))
}

// fromCore is a value of the core as RabbitMQ's clients read it.
func fromCore(v *core.Value) wire.Value {
	switch v.Kind {
	case core.String:
		return wire.StringValue(v.Str)
	case core.Bytes:
		return wire.BytesValue(v.Raw)
	case core.Bool:
		return wire.BoolValue(v.Bool())
	case core.Int:
		return wire.LongValue(v.Int())
	case core.Uint: // no client has a type for it
		return wire.StringValue(strconv.FormatUint(v.Uint(), 10))
	case core.Float:
		return wire.DoubleValue(v.Float())
	case core.Time:
		return wire.TimeValue(uint64(max(0, v.Int()) / 1000))
	case core.Number:
		return numberValue(v.Str)
	case core.Array:
		list := make([]wire.Value, len(v.List))
		for i := range v.List {
			list[i] = fromCore(&v.List[i])
		}
		return wire.ArrayValue(list...)
	case core.Map:
		var t wire.Table
		for i := range v.Map {
			t = wire.AppendField(t, v.Map[i].Name[:min(len(v.Map[i].Name), 255)], fromCore(&v.Map[i].Value))
		}
		return wire.TableValue(t)
	}
	return wire.Value{Kind: wire.KindVoid}
}

// numberValue is a decimal number: whole, with a scale, or, where that is not
// exact, text.
func numberValue(s string) wire.Value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return wire.LongValue(n)
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if ok && n.Sign() >= 0 && n.IsUint64() && n.Uint64() <= math.MaxUint32 && len(fraction) <= 255 {
		raw := binary.BigEndian.AppendUint32([]byte{byte(len(fraction))}, uint32(n.Uint64()))
		return wire.Value{Kind: wire.KindDecimal, Raw: raw}
	}
	return wire.StringValue(s)
}

// edit is a table of what f keeps and makes of the fields of another.
func edit(t wire.Table, f func(name string, v wire.Value) (wire.Value, bool)) (to wire.Table) {
	for name, v := range t.Fields() {
		if v, keep := f(alias(name), v); keep {
			to = wire.AppendField(to, name, v)
		}
	}
	return to
}

// set is a table with a field set.
func set(t wire.Table, name string, v wire.Value) wire.Table {
	t = edit(t, func(n string, v wire.Value) (wire.Value, bool) { return v, n != name })
	return wire.AppendField(t, name, v)
}
