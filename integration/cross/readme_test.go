package cross

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the README's tables anew")

const (
	readme = "../../README.md"
	begin  = "<!-- written by go test ./integration/cross -update -->\n"
	end    = "<!-- end of what the test wrote -->\n"
)

// TestReadme: the README has the table that TestMatrix checks.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the tables: %q", readme, begin)
	}
	want := before + begin + tables(readTable(t), readStates(t)) + end + after
	if string(text) == want {
		return
	}
	if !*update {
		t.Fatal("the README's tables are of old: go test ./integration/cross -run TestReadme -update")
	}
	if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func tables(fields, states []field) string {
	var s strings.Builder
	titles := map[string]string{"mqtt3": "MQTT 3.1.1", "mqtt5": "MQTT 5", "amqp": "AMQP 0-9-1", "stomp": "STOMP", "sqs": "SQS", "sns": "SNS"}
	s.WriteString("\n| field |")
	for _, c := range columns {
		s.WriteString(" " + titles[c] + " |")
	}
	s.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, f := range slices.Concat(fields, states) {
		s.WriteString("| " + f.name + " |")
		for _, c := range columns {
			s.WriteString(" " + f.cells[c].shown() + " |")
		}
		s.WriteString("\n")
	}
	s.WriteString("\nHow many of these fields arrive, of those that the publisher can say; what does not is counted in `slipway_fields_dropped_total`:\n\n| from \\ to |")
	for _, r := range receivers {
		s.WriteString(" " + titles[r] + " |")
	}
	s.WriteString("\n|---|" + strings.Repeat("---|", len(receivers)) + "\n")
	for _, p := range []string{"mqtt3", "mqtt5", "amqp", "stomp", "sqs", "sns"} {
		s.WriteString("| " + titles[p] + " |")
		for _, r := range receivers {
			sent, arrived := 0, 0
			for i := range fields {
				if c := fields[i].of(p); c.none || c.received {
					continue
				}
				if sent++; !fields[i].of(r).none || same(p, r) {
					arrived++
				}
			}
			s.WriteString(fmt.Sprintf(" %d of %d |", arrived, sent))
		}
		s.WriteString("\n")
	}
	return s.String() + "\n"
}

// shown is the cell for people.
func (c cell) shown() string {
	kind, name := split(c.place)
	switch {
	case c.none:
		return ""
	case c.received:
		return "out: `" + kind + " " + name + "`"
	case c.sent:
		return "in: `" + kind + " " + name + "`"
	}
	return "`" + kind + " " + name + "`"
}
