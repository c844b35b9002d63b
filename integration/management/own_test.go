package management

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What compare finds, of two answers that are a status, a content type and JSON.
func TestCompare(t *testing.T) {
	of := func(code int, content string, body any) answer {
		return answer{code: code, content: content, body: body}
	}
	object := func(pairs ...any) map[string]any {
		o := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			o[pairs[i].(string)] = pairs[i+1]
		}
		return o
	}
	for _, x := range []struct {
		rabbit, us answer
		want       string
	}{
		{of(200, "-", object("a", 1.0)), of(200, "-", object("a", 1.0)), ""},
		{of(200, "a/b", nil), of(204, "-", nil), "status 200/204, content a/b/-"},
		{of(200, "-", object("a", 1.0, "b", "x")), of(200, "-", object("a", "1", "c", nil)), "type $.a, missing $.b, extra $.c"},
		{of(200, "-", object("a", object("b", true))), of(200, "-", object("a", object("b", false))), "value $.a.b"},
		{
			of(200, "-", []any{object("name", "x.y", "n", 1.0), object("name", "z")}), of(200, "-", []any{object("name", "z"), object("name", "x.y", "n", 2.0), object("name", "w")}),
			"value $[].n, extra $[w], order $",
		},
		{of(200, "-", []any{"a", "b"}), of(200, "-", []any{"a"}), "missing $[b]"},
		{of(200, "-", []any{}), of(200, "-", object()), "type $"},
	} {
		var got []string
		for _, d := range compare(x.rabbit, x.us) {
			got = append(got, d.kind+" "+d.place)
		}
		if s := strings.Join(got, ", "); s != x.want {
			t.Errorf("%v and %v: %q, want %q", x.rabbit, x.us, s, x.want)
		}
	}
}

// What is listed covers what it says and no more, a set's lines under each place it is used at.
func TestListedDifferences(t *testing.T) {
	all := &tables{sets: map[string][]*known{}}
	add := func(*known) { t.Fatal("a difference of nothing") }
	for i, line := range strings.Split(`set row
  missing $.x  why
everywhere
  any $**.time  why
  loose $**.lag  why
# a comment

@low:pw PUT a/%2F {"b": 1}
  status 200/404  why
  use row $[]
GET b
  value $.*.c  why`, "\n") {
		var err error
		if add, err = all.line(fmt.Sprint("f:", i+1), line, add); err != nil {
			t.Fatal(err)
		}
	}
	if len(all.requests) != 2 {
		t.Fatal(all.requests)
	}
	put, get := all.requests[0], all.requests[1]
	if put.who != "low" || put.password != "pw" || put.method != "PUT" || put.path != "a/%2F" || put.body != `{"b": 1}` || get.who != root {
		t.Errorf("%+v %+v", put, get)
	}
	p := &parity{T: t, tables: all}
	for _, x := range []struct {
		r           *request
		kind, place string
		listed      bool
	}{
		{put, "status", "200/404", true}, {put, "status", "200/400", false}, {put, "missing", "$[].x", true}, {put, "missing", "$.x", false}, {put, "extra", "$[].x", false},
		{put, "value", "$.a[].time", true}, {put, "missing", "$.time", false}, {put, "missing", "$.a.lag", true}, {put, "status", "$.lag", false},
		{get, "value", "$.b.c", true}, {get, "value", "$.b.d.c", false}, {get, "missing", "$[].x", false},
	} {
		if got := p.listed(x.r, difference{kind: x.kind, place: x.place}) != nil; got != x.listed {
			t.Errorf("%s %s of %s: %v", x.kind, x.place, x.r.path, got)
		}
	}
	if got := p.stale(); !slices.Equal(got, []string{"f:2: missing $.x", "f:9: status 200/404", "f:12: value $.*.c"}) {
		t.Errorf("stale: %q", got)
	}
	if _, err := parseRequest("f:1", "GET"); err == nil {
		t.Error("a request without a path")
	}
	if err := all.difference("f:1", []string{"missing", "$"}, func(*known) {}); err == nil {
		t.Error("a difference without a reason")
	}
}
