package management

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A request is a line of a table, with what is known to differ.
type request struct {
	at                 string // file:line
	who, password      string
	method, path, body string
	step               []string // instead: of the clients
	known              []*known
}

func (r *request) String() string {
	if r.step != nil {
		return r.at + " ! " + strings.Join(r.step, " ")
	}
	return strings.TrimSpace(fmt.Sprintf("%s @%s %s %s %s", r.at, r.who, r.method, r.path, r.body))
}

// known is a difference that is listed.
type known struct {
	at    string
	kind  string
	place string
	re    *regexp.Regexp // of the place
	met   *bool          // it occurred; shared by all uses of a line of a set
}

// mayStay says that it need not occur.
func (k *known) mayStay() bool { return k.kind == "any" || k.kind == "loose" || k.kind == "order" }

func (k *known) covers(d difference) bool {
	switch k.kind {
	case "any":
		return d.kind == "value" && k.re.MatchString(d.place)
	case "loose":
		return d.kind != "status" && d.kind != "content" && k.re.MatchString(d.place)
	}
	return k.kind == d.kind && k.re.MatchString(d.place)
}

// pattern is a place in which * stands for one step, ** for any.
func pattern(place string) *regexp.Regexp {
	text := regexp.QuoteMeta(place)
	text = strings.ReplaceAll(text, `\*\*`, ".*")
	text = strings.ReplaceAll(text, `\*`, `[^.\[\]]*`)
	return regexp.MustCompile("^" + text + "$")
}

// tables are all files, read in the order of their names.
type tables struct {
	requests   []*request
	sets       map[string][]*known
	everywhere []*known
}

func readTables(t *testing.T) *tables {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no tables", err)
	}
	slices.Sort(files)
	all := &tables{sets: map[string][]*known{}}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		add := func(*known) { t.Fatalf("%s: a difference of nothing", file) }
		for i, line := range strings.Split(string(text), "\n") {
			at := fmt.Sprintf("%s:%d", filepath.Base(file), i+1)
			if add, err = all.line(at, line, add); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
		}
	}
	return all
}

// line reads one; add is where differences go, and next those of the lines after it.
func (all *tables) line(at, line string, add func(*known)) (next func(*known), err error) {
	words := strings.Fields(line)
	switch {
	case len(words) == 0 || strings.HasPrefix(line, "#"):
		return add, nil
	case strings.HasPrefix(line, "  "):
		return add, all.difference(at, words, add)
	case words[0] == "set":
		name := words[1]
		all.sets[name] = nil
		return func(k *known) { all.sets[name] = append(all.sets[name], k) }, nil
	case words[0] == "everywhere":
		return func(k *known) { all.everywhere = append(all.everywhere, k) }, nil
	}
	r, err := parseRequest(at, line)
	all.requests = append(all.requests, r)
	return func(k *known) { r.known = append(r.known, k) }, err
}

func (all *tables) difference(at string, words []string, add func(*known)) error {
	if words[0] == "use" {
		set, ok := all.sets[words[1]]
		if !ok {
			return fmt.Errorf("no set %s", words[1])
		}
		for _, k := range set {
			place := words[2] + strings.TrimPrefix(k.place, "$")
			add(&known{at: k.at, kind: k.kind, place: place, re: pattern(place), met: k.met})
		}
		return nil
	}
	if len(words) < 3 {
		return fmt.Errorf("a difference without a reason")
	}
	add(&known{at: at, kind: words[0], place: words[1], re: pattern(words[1]), met: new(bool)})
	return nil
}

func parseRequest(at, line string) (*request, error) {
	r := &request{at: at, who: root, password: root}
	if rest, ok := strings.CutPrefix(line, "! "); ok {
		r.step = strings.Fields(rest)
		return r, nil
	}
	if rest, ok := strings.CutPrefix(line, "@"); ok {
		who, after, _ := strings.Cut(rest, " ")
		name, password, given := strings.Cut(who, ":")
		if line = after; !given {
			password = name
		}
		if r.who, r.password = name, password; name == "-" {
			r.who = ""
		}
	}
	method, rest, ok := strings.Cut(line, " ")
	if !ok {
		return nil, fmt.Errorf("no request: %q", line)
	}
	r.method = method
	r.path, r.body, _ = strings.Cut(rest, " ")
	return r, nil
}
