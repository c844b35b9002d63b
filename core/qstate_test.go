package core

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "record what the scripts of testdata/qstate print")

// TestQStateScripts runs the scripts: paragraphs of one or more commands, then
// ---- and what they print. With -rewrite that is recorded; read the diff.
func TestQStateScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/qstate/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out := runScript(t, string(script))
			if *rewrite {
				err = os.WriteFile(file, []byte(out), 0o644)
			}
			if err != nil || !*rewrite && out != string(script) {
				t.Errorf("%v; the script now prints:\n%s", err, out)
			}
		})
	}
}

func runScript(t *testing.T, script string) string {
	s := &scripted{t: t}
	var out strings.Builder
	for i, part := range strings.Split(strings.TrimSpace(script), "\n\n") {
		if i > 0 {
			out.WriteString("\n")
		}
		commands, _, _ := strings.Cut(part, "\n----")
		out.WriteString(commands + "\n")
		if strings.HasPrefix(strings.TrimSpace(lastLine(commands)), "#") {
			continue
		}
		out.WriteString("----\n")
		for line := range strings.Lines(commands) {
			if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
				out.WriteString(s.do(words))
			}
		}
	}
	return out.String()
}

func lastLine(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }

// scripted is a queue state with a store that the script plays.
type scripted struct {
	t       *testing.T
	st      *qstate
	wide    int
	stored  []*entry // by pos
	readers map[string]*reader
	holders map[string]*holder
	under   map[string]*underWay
}

// underWay is a load or scan whose read has happened and whose result has not
// been taken in yet.
type underWay struct {
	found   []*entry
	to      uint64
	whole   bool
	appends uint64
}

// typed is a predicate on a message's type.
type typed string

func (p typed) Matches(m *Message) bool { return m.Type == string(p) }

// args are key=value words; what has no = is under its own name.
type args map[string]string

func (a args) num(key string) int { n, _ := strconv.Atoi(a[key]); return n }

func (s *scripted) do(words []string) string {
	a := args{}
	var plain []string
	for _, w := range words[1:] {
		k, v, ok := strings.Cut(w, "=")
		a[k] = v
		if !ok {
			plain = append(plain, w)
		}
	}
	if words[0] == "new" {
		_, grouped := a["grouped"]
		limits := &windowLimits{limitN: a.num("n"), limitBytes: a.num("bytes"), wide: func() int { return s.wide }}
		if grouped && limits.limitN == 0 {
			limits.limitN = groupedWindow
		}
		s.st = newQState(limits, grouped)
		s.wide = a.num("wide")
		s.stored, s.readers, s.holders, s.under = nil, map[string]*reader{}, map[string]*holder{}, map[string]*underWay{}
		return ""
	}
	if words[0] == "wide" {
		s.wide = a.num("bytes")
		return ""
	}
	if out, ok := s.doEntry(words[0], plain, a); ok {
		return out
	}
	return s.doRead(words[0], plain, a)
}

// doEntry is the commands that name an entry, as lane/seq.
func (s *scripted) doEntry(command string, plain []string, a args) (string, bool) {
	var p pos
	if len(plain) > 0 {
		lane, seq, _ := strings.Cut(plain[0], "/")
		l, _ := strconv.Atoi(lane)
		n, _ := strconv.Atoi(seq)
		p = pos{uint8(l), uint64(n)}
	}
	switch command {
	case "append", "store": // store: it is in the store, and not yet appended
		e := &entry{pos: p, keep: inStore, size: a.num("size"), counted: uint32(a.num("size")), group: a["group"], heapAt: -1, msg: &Message{Type: a["type"]}}
		if _, ok := a["memory"]; ok {
			e.keep = inMemory
		} else if _, there := findEntry(s.stored, p); !there {
			s.stored = insertEntry(s.stored, e)
		}
		if command == "store" {
			return "", true
		}
		// The store has its own copy.
		held := *e
		return fmt.Sprintf("%v %s\n", plain[0], map[bool]string{true: "held", false: "deep"}[s.st.append(&held)]), true
	case "settle":
		s.st.end(s.st.leases[p])
		return s.forget(p), true
	case "end": // settled in memory; the store follows with forget
		s.st.end(s.st.leases[p])
		return "", true
	case "forget":
		return s.forget(p), true
	case "giveback":
		s.st.giveBack(s.st.leases[p])
		return "", true
	case "deadline":
		s.st.setDeadline(s.st.leases[p], int64(a.num("at")))
		return "", true
	}
	return "", false
}

func (s *scripted) forget(p pos) string {
	if i, ok := findEntry(s.stored, p); ok {
		s.stored = slices.Delete(s.stored, i, i+1)
	}
	s.st.forget(p)
	return ""
}

func (s *scripted) doRead(command string, plain []string, a args) string {
	switch command {
	case "reader":
		r := &reader{maxBytes: a.num("max")}
		if a["type"] != "" {
			r.predicate = typed(a["type"])
		}
		s.readers[plain[0]] = r
		return ""
	case "next":
		e, l, v := s.st.next(s.readers[plain[0]])
		return verdictText(e, l, v) + "\n"
	case "pull":
		return s.pull(s.readers[plain[0]], a)
	case "expire":
		for len(s.st.deadlines) > 0 && s.st.deadlines[0].deadline <= int64(a.num("at")) {
			s.st.giveBack(s.st.deadlines[0])
		}
		return ""
	case "load":
		return s.beginLoad(a) + s.endLoad(a)
	case "load-begin":
		return s.beginLoad(a)
	case "load-end":
		return s.endLoad(a)
	case "scan":
		return s.beginScan(plain[0], a) + s.endScan(plain[0], a)
	case "scan-begin":
		return s.beginScan(plain[0], a)
	case "scan-end":
		return s.endScan(plain[0], a)
	case "state":
		return s.state()
	}
	s.t.Fatalf("no command %q", command)
	return ""
}

func verdictText(e *entry, l *lane, v verdict) string {
	switch v {
	case got:
		return fmt.Sprintf("got %d/%d", e.lane, e.seq)
	case needBody:
		return fmt.Sprintf("needs the body of %d/%d", e.lane, e.seq)
	case needLoad:
		return fmt.Sprintf("needs lane %d loaded", l.num)
	case needScan:
		return fmt.Sprintf("needs lane %d scanned", l.num)
	}
	return "nothing"
}

// pull takes up to n for a holder, as Queue.serve does.
func (s *scripted) pull(r *reader, a args) string {
	h := s.holders[a["by"]]
	if h == nil {
		h = &holder{}
		s.holders[a["by"]] = h
	}
	r.group = nil
	var out []string
	for range max(1, a.num("n")) {
		e, l, v := s.st.next(r)
		out = append(out, verdictText(e, l, v))
		if v != got {
			break
		}
		s.st.take(e)
		s.st.lease(e, h, int64(a.num("until")), 1)
		if s.st.grouped != nil {
			r.group = s.st.grouped.byName[e.group]
		}
	}
	return strings.Join(out, ", ") + "\n"
}

// read is a scan of the store up to the lane's tail.
func (s *scripted) read(l *lane, from uint64, limit int) *underWay {
	u := &underWay{to: max(from, l.tail), whole: true, appends: l.appends}
	for _, e := range s.stored {
		if e.lane != l.num || e.seq < from || e.seq >= l.tail {
			continue
		}
		if len(u.found) == max(1, limit) {
			u.whole = false
			break
		}
		u.to = e.seq + 1
		held := *e
		u.found = append(u.found, &held)
	}
	if u.whole {
		u.to = max(from, l.tail)
	}
	s.st.scanning()
	return u
}

func (s *scripted) beginLoad(a args) string {
	l := s.st.lane(uint8(a.num("lane")))
	n, _ := s.st.roomToLoad(l)
	s.under["load "+a["lane"]] = s.read(l, l.horizon, n)
	return ""
}

func (s *scripted) endLoad(a args) string {
	u := s.under["load "+a["lane"]]
	held, damaged := s.st.loaded(s.st.lane(uint8(a.num("lane"))), u.found, u.to, u.whole, u.appends)
	s.st.scanned()
	return fmt.Sprintf("loaded%s damaged=%v\n", places(held), damaged)
}

func (s *scripted) beginScan(name string, a args) string {
	r, l := s.readers[name], s.st.lane(uint8(a.num("lane")))
	s.under["scan "+name] = s.read(l, max(r.at[l.num], l.horizon), max(a.num("n"), 1000))
	return ""
}

func (s *scripted) endScan(name string, a args) string {
	r, u, l := s.readers[name], s.under["scan "+name], s.st.lane(uint8(a.num("lane")))
	defer s.st.scanned()
	r.at[l.num] = max(r.at[l.num], u.to)
	var forward []*entry
	for _, e := range u.found {
		switch {
		case !r.fits(e):
		case s.st.takeable(e):
			s.st.bringForward(e)
			forward = append(forward, e)
		case e.seq < l.horizon:
			r.at[l.num] = min(r.at[l.num], e.seq)
		}
	}
	return fmt.Sprintf("brought forward%s\n", places(forward))
}

func places(es []*entry) (out string) {
	for _, e := range es {
		out += fmt.Sprintf(" %d/%d", e.lane, e.seq)
	}
	return out
}

func (s *scripted) state() string {
	st := s.st
	out := fmt.Sprintf("ready %d, %d bytes\n", st.ready, st.readyBytes)
	for _, l := range st.lanes {
		out += fmt.Sprintf("lane %d: window%s, %d deep from %d\n", l.num, places(l.window), l.deep, l.horizon)
	}
	if st.grouped != nil {
		var names []string
		for name := range st.grouped.byName {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			g := st.grouped.byName[name]
			out += fmt.Sprintf("group %s: waiting%s, %d in flight\n", name, places(g.waiting), g.inFlight)
		}
	}
	line := func(what string, ps []pos) {
		slices.SortFunc(ps, func(a, b pos) int { return byPos(&entry{pos: a}, &entry{pos: b}) })
		for i, p := range ps {
			if i == 0 {
				out += what + ":"
			}
			out += fmt.Sprintf(" %d/%d", p.lane, p.seq)
		}
		if len(ps) > 0 {
			out += "\n"
		}
	}
	var back, leased, holes []pos
	for _, e := range st.returned {
		back = append(back, e.pos)
	}
	for p := range st.leases {
		leased = append(leased, p)
	}
	for p := range st.holes {
		holes = append(holes, p)
	}
	line("returned", back)
	line("leased", leased)
	line("holes", holes)
	return out
}
