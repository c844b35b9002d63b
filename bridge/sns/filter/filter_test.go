package filter_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/bridge/sns/filter"
)

func lines(t testing.TB, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

// TestRecordedErrors: every error about filter policies that was recorded.
func TestRecordedErrors(t *testing.T) {
	all := lines(t, "errors.tsv")
	for _, line := range all {
		f := strings.Split(line, "\t")
		scope, err := filter.ParseScope(f[0])
		if err == nil {
			_, err = filter.Parse(f[1], scope)
		}
		if want := strings.ReplaceAll(f[2], `\n`, "\n"); err == nil || err.Error() != want {
			t.Errorf("%.100s:\n%v\nwant\n%s", f[1], err, want)
		}
	}
	if len(all) < 40 {
		t.Errorf("only %d rows", len(all))
	}
}

func TestMoreErrors(t *testing.T) {
	for _, line := range lines(t, "more_errors.txt") {
		where, rest, _ := strings.Cut(line, " ")
		policy, want, _ := strings.Cut(rest, " | ")
		scope := filter.MessageAttributes
		if where == "body" {
			scope = filter.MessageBody
		}
		_, err := filter.Parse(policy, scope)
		if want = strings.ReplaceAll(want, `\n`, "\n"); err == nil || err.Error() != want {
			t.Errorf("%s:\n%v\nwant\n%s", policy, err, want)
		}
	}
}

// TestLimits: combinations as AWS was recorded to count them, and what is let through.
func TestLimits(t *testing.T) {
	list := func(n int) string {
		return `["` + strings.Join(strings.Split(strings.Repeat("v", n), ""), `","`) + `"]`
	}
	const complex = "FilterPolicy: Filter policy is too complex"
	for _, c := range []struct {
		scope        filter.Scope
		policy, want string
	}{
		{filter.MessageAttributes, `{"a":` + list(150) + `}`, ""},
		{filter.MessageAttributes, `{"a":` + list(151) + `}`, complex},
		{filter.MessageAttributes, `{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"]}`, ""},
		// (4*6) + (4*4*4) + (4*4*4) = 152, and (3*6) + (3*4*4) + (3*4*7) = 150
		{filter.MessageAttributes, `{"source":` + list(4) + `,"$or":[{"m":` + list(6) + `},{"t":` + list(4) + `,"$or":[{"i":[1,2,3,4]},{"s":[1,2,3,4]}]}]}`, complex},
		{filter.MessageAttributes, `{"source":` + list(3) + `,"$or":[{"m":` + list(6) + `},{"t":` + list(4) + `,"$or":[{"i":[1,2,3,4]},{"s":[1,2,3,4,5,6,7]}]}]}`, ""},
		// (3*4*2) + (3*4*6) + (2*4*2) + (2*4*6) = 160
		{filter.MessageBody, `{"$or":[{"m":` + list(3) + `},{"n":` + list(2) + `}],"detail":{"scope":` + list(2) + `,"$or":[{"s":` + list(1) + `},{"t":` + list(3) + `}]}}`, complex},
		// 3 x 4 x 2 x 3 = 72; measured: four levels take 36 values and not 40
		{filter.MessageBody, `{"a":{"b":{"c":` + list(4) + `}},"d":{"e":` + list(3) + `}}`, ""},
		{filter.MessageBody, `{"a":{"b":{"c":{"d":` + list(36) + `}}}}`, ""},
		{filter.MessageBody, `{"a":{"b":{"c":{"d":` + list(40) + `}}}}`, complex},
		{filter.MessageAttributes, strings.Repeat(" ", 256<<10) + `{"a":["b"]}`, complex},
		{filter.MessageBody, strings.Repeat(`{"a":`, 10_000), complex},
		{filter.MessageAttributes, `{"a":[{"numeric":["<=",1e9]}],"b":[1e300]}`, ""},
	} {
		p, err := filter.Parse(c.policy, c.scope)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%.80s: %v, want %q", c.policy, err, c.want)
		}
		if err == nil && p.Scope() != c.scope {
			t.Errorf("scope %v", p.Scope())
		}
	}
	_, err := filter.Parse(`{"a":["`+strings.Repeat("x", 600)+`"],"b":1}`, filter.MessageAttributes)
	if want := fmt.Sprintf(`"b" must be an object or an array%s at [Source: (String)"{"a":["%s"[truncated 116 chars]; line: 1, column: 616]`, "\n", strings.Repeat("x", 493)); err == nil || err.Error() != "FilterPolicy: "+want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

// cases reads a file of policies with what they take and do not take.
func cases(t testing.TB, name string, scope filter.Scope, f func(p *filter.Policy, policy, message string, want bool)) {
	var p *filter.Policy
	var policy string
	for _, line := range lines(t, name) {
		if rest, ok := strings.CutPrefix(line, "policy "); ok {
			var err error
			policy = rest
			if p, err = filter.Parse(policy, scope); err != nil {
				t.Fatal(policy, err)
			}
			continue
		}
		f(p, policy, strings.TrimPrefix(line[1:], " "), line[0] == '+')
	}
}

func TestMatchAttributes(t *testing.T) {
	cases(t, "attributes.txt", filter.MessageAttributes, func(p *filter.Policy, policy, message string, want bool) {
		attrs := map[string]filter.Attribute{}
		words := strings.SplitN(message, " ", 3)
		if len(words) == 3 && strings.Count(message, " ") == 5 && words[1] != "String.Array" {
			more := strings.Split(message, " ")
			words[2] = more[2]
			attrs[more[3]] = filter.Attribute{DataType: more[4], Value: more[5]}
		} else if more := strings.Split(message, " "); len(more) == 9 {
			words[2] = more[2]
			attrs[more[3]], attrs[more[6]] = filter.Attribute{DataType: more[4], Value: more[5]}, filter.Attribute{DataType: more[7], Value: more[8]}
		}
		if len(words) == 3 {
			attrs[words[0]] = filter.Attribute{DataType: words[1], Value: words[2]}
		}
		get := func(name string) (filter.Attribute, bool) {
			a, ok := attrs[name]
			return a, ok
		}
		if got := p.MatchAttributes(get); got != want {
			t.Errorf("%s with %v: %v", policy, attrs, got)
		}
	})
}

func TestMatchBody(t *testing.T) {
	cases(t, "bodies.txt", filter.MessageBody, func(p *filter.Policy, policy, message string, want bool) {
		if got := p.MatchBody([]byte(message)); got != want {
			t.Errorf("%s with %s: %v", policy, message, got)
		}
	})
}

// TestHostile: what a subscriber and a publisher together can make a match cost.
func TestHostile(t *testing.T) {
	or := `{"$or":[{"a.x":["1"]` // one combination, though it has a hundred keys
	body := strings.Builder{}
	body.WriteString(`{"a":[{"x":"1"`)
	for i := range 100 {
		or += fmt.Sprintf(`,"a%d.x":["1"]`, i)
		fmt.Fprintf(&body, `}],"a%d":[{"x":"1"},{"x":"1"},{"x":"1"},{"x":"1"`, i)
	}
	or += `,"never":["1"]},{"b":["1"]}]}`
	body.WriteString(`}],"never":"2"}`)
	p, err := filter.Parse(or, filter.MessageBody)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if p.MatchBody([]byte(body.String())) {
		t.Error("matched")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	p, _ = filter.Parse(`{"a":["z"]}`, filter.MessageBody)
	if !p.MatchBody([]byte(`{"a":[` + strings.Repeat(`"y",`, 300_000) + `"z"]}`)) {
		t.Error("the last of many elements was not looked at")
	}
	if p.MatchBody([]byte(`{"b":` + strings.Repeat("[", 100_000))) {
		t.Error("matched")
	}
}

// FuzzParse: no policy and no message panics, what is accepted is JSON, and a
// complaint never grows with the policy.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"attributes.txt", "bodies.txt"} {
		cases(f, name, filter.MessageBody, func(_ *filter.Policy, policy, message string, _ bool) { f.Add(policy, message) })
	}
	for _, line := range lines(f, "errors.tsv") {
		f.Add(strings.Split(line, "\t")[1], "{}")
	}
	f.Fuzz(func(t *testing.T, policy, message string) {
		for _, scope := range []filter.Scope{filter.MessageAttributes, filter.MessageBody} {
			p, err := filter.Parse(policy, scope)
			if err != nil {
				if len(err.Error()) > 4000+4*len(policy) {
					t.Errorf("a complaint of %d bytes", len(err.Error()))
				}
				continue
			}
			if !json.Valid([]byte(policy)) {
				t.Errorf("accepted, but no JSON: %q", policy)
			}
			p.MatchAttributes(func(string) (filter.Attribute, bool) {
				return filter.Attribute{DataType: "String.Array", Value: message}, true
			})
			if p.MatchBody([]byte(message)) && strings.Join(strings.Fields(policy), "") != "{}" && !json.Valid([]byte(message)) {
				t.Errorf("matched, but no JSON: %q", message)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	p, _ := filter.Parse(`{"topic":[{"prefix":"sensors/kitchen/"}],"price_usd":[{"numeric":[">",0,"<=",150]}]}`, filter.MessageAttributes)
	attrs := map[string]filter.Attribute{"topic": {DataType: "String", Value: "sensors/kitchen/temp"}, "price_usd": {DataType: "Number", Value: "17.5"}}
	b.Run("attributes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.MatchAttributes(func(name string) (filter.Attribute, bool) { a, ok := attrs[name]; return a, ok })
		}
	})
	p, _ = filter.Parse(`{"Records":{"s3":{"object":{"key":[{"prefix":"auto-"}]}},"eventName":[{"prefix":"ObjectCreated:"}]}}`, filter.MessageBody)
	body := []byte(`{"Records":[{"eventName":"ObjectCreated:Put","eventTime":"2022-11-21T03:41:29.743Z","s3":{"bucket":{"name":"b"},"object":{"key":"auto-1.xml","size":17}}}],"pad":"` + strings.Repeat("x", 800) + `"}`)
	b.Run("body", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			p.MatchBody(body)
		}
	})
}
