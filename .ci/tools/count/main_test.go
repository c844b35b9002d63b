package main

import (
	"strings"
	"testing"
)

func TestCount(t *testing.T) {
	const pass = `{"Action":"output","Package":"p","Test":"A","Output":"quiet\n"}
{"Action":"pass","Package":"p","Test":"A","Elapsed":0.1}
`
	for _, tt := range []struct {
		name, in, shows string
		good            bool
	}{
		{"pass", pass, "", true},
		{"slow", `{"Action":"pass","Package":"p","Test":"Slow","Elapsed":7}`, "7.0 s p Slow", true},
		{"nothing", ``, "", false},
		{"no test files", `{"Action":"skip","Package":"p"}`, "", false},
		{"fail", pass + `{"Action":"output","Package":"p","Test":"B","Output":"because\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"B"}`, "because", false},
		{"skip", pass + `{"Action":"skip","Package":"p","Test":"B"}`, "SKIPPED p B", false},
		{"skip elsewhere", pass + `{"Action":"skip","Package":"elsewhere/x","Test":"B"}`, "", true},
		{"build", pass + `{"ImportPath":"q","Action":"build-output","Output":"undefined: x\n"}` + "\n" + `{"Action":"fail","Package":"q"}`, "undefined: x", false},
		{"not JSON", "go: no such tool\n", "no such tool", false},
	} {
		var out strings.Builder
		c := &counter{out: &out, maySkip: "elsewhere", output: map[string][]string{}}
		if err := c.read(strings.NewReader(tt.in)); err != nil {
			t.Fatal(err)
		}
		if c.good() != tt.good || !strings.Contains(out.String(), tt.shows) || strings.Contains(out.String(), "quiet") {
			t.Errorf("%s: good %v, shows %q", tt.name, c.good(), out.String())
		}
	}
}
