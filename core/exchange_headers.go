package core

import (
	"bytes"
	"slices"
	"strings"
)

// headersMatch is the compiled arguments of a binding of a headers exchange.
// x-match is all (default), any, all-with-x or any-with-x; without "-with-x"
// arguments whose name begins with "x-" do not count. An argument without a
// value asks only that the header is there.
type headersMatch struct {
	want []Header
	any  bool
}

func compileHeaders(arguments []Header) (*headersMatch, error) {
	mode := "all"
	for _, h := range arguments {
		if h.Name == "x-match" {
			if mode = h.Value.Str; h.Value.Kind != String {
				return nil, errf(Invalid, "x-match is a string: all, any, all-with-x or any-with-x")
			}
		}
	}
	m := &headersMatch{}
	kind, withX := strings.CutSuffix(mode, "-with-x")
	switch kind {
	case "all":
	case "any":
		m.any = true
	default:
		return nil, errf(Invalid, "Invalid x-match field value <<%q>>; expected all, any, all-with-x, or any-with-x", mode)
	}
	for _, h := range arguments {
		if h.Name != "x-match" && (withX || !strings.HasPrefix(h.Name, "x-")) {
			m.want = append(m.want, h)
		}
	}
	return m, nil
}

func (h *headersMatch) matches(m *Message) bool {
	for i := range h.want {
		w := &h.want[i]
		v, ok := m.Header(w.Name)
		ok = ok && (w.Value.Kind == Null || v.equal(&w.Value))
		if ok == h.any {
			return ok
		}
	}
	return !h.any
}

// equal compares kind and value, nested ones too.
func (v *Value) equal(o *Value) bool {
	return v.Kind == o.Kind && v.num == o.num && v.Str == o.Str && bytes.Equal(v.Raw, o.Raw) &&
		slices.EqualFunc(v.List, o.List, func(a, b Value) bool { return a.equal(&b) }) &&
		slices.EqualFunc(v.Map, o.Map, func(a, b Header) bool { return a.Name == b.Name && a.Value.equal(&b.Value) })
}
