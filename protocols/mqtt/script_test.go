package mqtt

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// TestScripts runs testdata/scripts/*.txt. A case is
//
//	-- its name: a clause and what it shows
//	v: the versions it holds for
//	a> a packet that client a sends (client_test.go's notation)
//	a< the packet it gets; "end" is the end of the connection
//	a? the same for several lines in a row, in any order
//	a= nothing was on its way to it
//	a! its connection is cut
//	queue NAME, restart, close   the broker: declares a queue, starts anew
//
// A line that begins with @4 or @5 is for that version alone (@4: 3.1 too).
// Lines may name properties only in version 5: in others p. fields are cut off
// from what is expected.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range strings.Split("\n"+string(text), "\n-- ")[1:] {
			name, body, _ := strings.Cut(body, "\n")
			head, body, _ := strings.Cut(body, "\n")
			for _, v := range strings.Fields(strings.TrimPrefix(head, "v:")) {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name+"/v"+v, func(t *testing.T) {
					t.Parallel()
					script{w: newWorld(t), v: v[0] - '0', clients: map[string]*client{}}.run(body)
				})
			}
		}
	}
}

type script struct {
	w       *world
	v       byte
	clients map[string]*client
}

func (s script) run(body string) {
	t := s.w.t
	t.Helper()
	var anyOrder []string
	for n, line := range strings.Split(body+"\n", "\n") {
		line = strings.TrimSpace(line)
		if v, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(v, "@") {
			if (v == "@5") != (s.v == 5) {
				continue
			}
			line = rest
		}
		if strings.HasPrefix(line[min(1, len(line)):], "? ") {
			anyOrder = append(anyOrder, line)
			continue
		}
		if err := s.inAnyOrder(anyOrder); err != "" {
			t.Fatalf("before line %d: %s\n%s", n+3, line, err)
		}
		anyOrder = nil
		if line == "" || line[0] == '#' {
			continue
		}
		if err := s.step(line); err != "" {
			t.Fatalf("line %d: %s\n%s", n+3, line, err)
		}
	}
}

func (s script) step(line string) (failed string) {
	w := s.w
	cmd, rest, _ := strings.Cut(line, " ")
	switch cmd {
	case "restart":
		w.restart()
		return ""
	case "queue":
		if _, _, err := w.b.Default().DeclareQueue(rest, core.QueueOptions{Durable: true}); err != nil {
			return err.Error()
		}
		return ""
	}
	name, op := cmd[:len(cmd)-1], cmd[len(cmd)-1]
	c := s.clients[name]
	if c == nil || op == '>' && strings.HasPrefix(rest, "connect") {
		c = w.client(s.v)
		s.clients[name] = c
	}
	switch op {
	case '>':
		if _, err := c.nc.Write(encodeText(w.t, s.v, rest)); err != nil {
			return err.Error()
		}
	case '<':
		got, err := c.read()
		if err != nil {
			return err.Error()
		}
		if want := s.expected(rest); got != want {
			return fmt.Sprintf("got:  %s\nwant: %s", got, want)
		}
	case '=':
		c.quiet()
	case '!':
		w.cut(c)
	default:
		return "what?"
	}
	return ""
}

// inAnyOrder reads as many packets as there are lines.
func (s script) inAnyOrder(lines []string) (failed string) {
	var got, want []string
	for _, line := range lines {
		text, err := s.clients[line[:1]].read()
		if err != nil {
			return err.Error()
		}
		got, want = append(got, line[:1]+" "+text), append(want, line[:1]+" "+s.expected(line[3:]))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Sprintf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return ""
}

// expected is the packet as this version would have it.
func (s script) expected(text string) string {
	if s.v == 5 {
		return text
	}
	kind, _, _ := strings.Cut(text, " ")
	var out []string
	for _, field := range strings.Fields(text) {
		isCode := strings.HasPrefix(field, "code=") && strings.HasPrefix(kind, "pub") ||
			strings.HasPrefix(field, "codes=") && kind == "unsuback"
		if strings.HasPrefix(field, "p.") || isCode {
			continue
		}
		out = append(out, field)
	}
	return strings.Join(out, " ")
}
