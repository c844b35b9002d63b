package cross

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// columns are the protocols of testdata/fields.tsv, in its order.
var columns = []string{"mqtt5", "amqp", "stomp", "sqs", "sns"}

// field is a row.
type field struct {
	name, group string
	cells       map[string]cell // by column
}

// cell is where one protocol puts the field.
type cell struct {
	place, value string
	none         bool // no place
	received     bool // received only
	sent         bool // sent only
}

func readTable(t *testing.T) []field { return readRows(t, "testdata/fields.tsv", 2) }

// readStates are rows without a group: what becomes of a message.
func readStates(t *testing.T) []field { return readRows(t, "testdata/states.tsv", 1) }

func readRows(t *testing.T, file string, before int) (fields []field) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != before+len(columns) {
			t.Fatalf("%d columns: %q", len(parts), line)
		}
		f := field{name: parts[0], group: strings.Join(parts[1:before], ""), cells: map[string]cell{}}
		for i, c := range columns {
			f.cells[c] = parseCell(parts[before+i])
		}
		fields = append(fields, f)
	}
	return fields
}

func parseCell(s string) (c cell) {
	if s == "-" {
		return cell{none: true}
	}
	s, c.received = strings.CutPrefix(s, "<")
	s, c.sent = strings.CutPrefix(s, ">")
	c.place, c.value, _ = strings.Cut(s, "=")
	return c
}

// of is what a protocol does with a field. MQTT 3 has no properties.
func (f *field) of(protocol string) cell {
	if protocol == "mqtt3" {
		return cell{none: true}
	}
	return f.cells[protocol]
}

// lost is the name that the field is counted by.
func (f *field) lost() string {
	name, _, _ := strings.Cut(f.name, ",")
	return name
}

func groups(fields []field) (names []string) {
	for _, f := range fields {
		if !slices.Contains(names, f.group) {
			names = append(names, f.group)
		}
	}
	return names
}

// form is what a publisher says: the places and values of a group's fields.
func form(fields []field, group, protocol string) map[string]string {
	places := map[string]string{}
	for i := range fields {
		if c := fields[i].of(protocol); fields[i].group == group && !c.none && !c.received {
			places[c.place] = c.value
		}
	}
	return places
}

// untyped is a value without the type that only some publishers give it.
func untyped(v string) string {
	for _, kind := range []string{"int:", "bool:", "number:", "bytes:", "json:", "float:", "time:", "decimal:", "byte:"} {
		if rest, ok := strings.CutPrefix(v, kind); ok {
			return rest
		}
	}
	return v
}
