package arguments

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// keep writes the arguments into the attributes.
func keep(attributes *map[string]string, hs []core.Header) {
	if len(hs) == 0 {
		return
	}
	if *attributes == nil {
		*attributes = map[string]string{}
	}
	(*attributes)[Kept] = base64.StdEncoding.EncodeToString(appendTable(nil, hs))
}

// Keep is the attributes of a binding with these arguments.
func Keep(hs []core.Header) (attributes map[string]string) {
	keep(&attributes, hs)
	return attributes
}

// Of is the arguments that a queue, exchange or binding was declared with, from
// its attributes.
func Of(attributes map[string]string) []core.Header {
	raw, err := base64.StdEncoding.DecodeString(attributes[Kept])
	if err != nil {
		return nil
	}
	hs, err := readTable(raw)
	if err != nil {
		return nil
	}
	return hs
}

// JSON is headers as RabbitMQ's management API shows them: of names that come
// twice the last. Times are seconds, bytes are base64.
func JSON(hs []core.Header) map[string]any {
	m := make(map[string]any, len(hs))
	for _, h := range hs {
		m[h.Name] = value(h.Value)
	}
	return m
}

func value(v core.Value) any {
	switch v.Kind {
	case core.String:
		return v.Str
	case core.Number:
		return json.Number(v.Str)
	case core.Bytes:
		return base64.StdEncoding.EncodeToString(v.Raw)
	case core.Bool:
		return v.Bool()
	case core.Int:
		return v.Int()
	case core.Uint:
		return v.Uint()
	case core.Float:
		return v.Float()
	case core.Time:
		return time.UnixMilli(v.Int()).Unix()
	case core.Array:
		list := make([]any, len(v.List))
		for i := range v.List {
			list[i] = value(v.List[i])
		}
		return list
	case core.Map:
		return JSON(v.Map)
	}
	return nil
}

// ParseJSON reads a JSON object as headers, ordered by name.
func ParseJSON(text []byte) ([]core.Header, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, &core.Error{Kind: core.Invalid, Msg: "arguments: " + err.Error()}
	}
	return FromJSON(m), nil
}

// FromJSON is a decoded JSON object as headers, ordered by name. Numbers are
// json.Number or float64.
func FromJSON(m map[string]any) []core.Header {
	var hs []core.Header
	for _, name := range slices.Sorted(maps.Keys(m)) {
		hs = append(hs, core.Header{Name: name, Value: fromJSON(m[name])})
	}
	return hs
}

func fromJSON(v any) core.Value {
	switch v := v.(type) {
	case string:
		return core.StringValue(v)
	case bool:
		return core.BoolValue(v)
	case float64:
		if n := int64(v); float64(n) == v {
			return core.IntValue(n)
		}
		return core.FloatValue(v)
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return core.IntValue(n)
		}
		f, _ := v.Float64() // beyond any float: infinite
		return core.FloatValue(f)
	case []any:
		list := make([]core.Value, len(v))
		for i := range v {
			list[i] = fromJSON(v[i])
		}
		return core.ArrayValue(list)
	case map[string]any:
		return core.MapValue(FromJSON(v))
	}
	return core.Value{}
}
