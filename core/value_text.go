package core

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// Text spells a typed header for a protocol that has only strings: numbers and
// booleans as they are written, times in ms, bytes as base64 under `name;base64`,
// arrays and maps as JSON (DESIGN section 3).
func (h *Header) Text() (name, text string) {
	switch v := h.Value; v.Kind {
	case Bytes:
		return h.Name + ";base64", base64.StdEncoding.EncodeToString(v.Raw)
	case Array, Map:
		text, err := json.Marshal(v.plain())
		if err != nil {
			return h.Name, "" // a float that JSON does not have
		}
		return h.Name, string(text)
	default:
		return h.Name, v.scalar()
	}
}

// scalar is what is no bytes, array or map as text; "" for null.
func (v Value) scalar() string {
	switch v.Kind {
	case String, Number:
		return v.Str
	case Bool:
		return strconv.FormatBool(v.Bool())
	case Int, Time:
		return strconv.FormatInt(v.Int(), 10)
	case Uint:
		return strconv.FormatUint(v.Uint(), 10)
	case Float:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	return ""
}

// plain is a value as encoding/json takes it.
func (v Value) plain() any {
	switch v.Kind {
	case Null:
		return nil
	case Bytes:
		return base64.StdEncoding.EncodeToString(v.Raw)
	case Bool:
		return v.Bool()
	case Int, Time, Uint, Number:
		return json.RawMessage(v.scalar())
	case Float:
		return v.Float()
	case Array:
		list := make([]any, len(v.List))
		for i, e := range v.List {
			list[i] = e.plain()
		}
		return list
	case Map:
		object := make(map[string]any, len(v.Map))
		for _, h := range v.Map {
			object[h.Name] = h.Value.plain()
		}
		return object
	}
	return v.Str
}
