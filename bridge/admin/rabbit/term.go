package rabbit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// term writes a value of JSON as RabbitMQ's errors have it, which is Erlang's ~p.
func term(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return binary(v)
	case json.Number:
		return number(v)
	case []any:
		all := make([]string, len(v))
		for i, x := range v {
			all[i] = term(x)
		}
		return "[" + strings.Join(all, ",") + "]"
	case map[string]any:
		return "#{" + strings.Join(pairs(v, func(name string, x any) string { return binary(name) + " => " + term(x) }), ",") + "}"
	}
	return fmt.Sprint(v) // true, false
}

func pairs(of map[string]any, text func(string, any) string) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		all = append(all, text(name, of[name]))
	}
	return all
}

// binary is a text as a binary: as letters if all of them show, or its bytes.
func binary(s string) string {
	all := make([]string, len(s))
	shows := true
	for i := range len(s) {
		all[i] = strconv.Itoa(int(s[i]))
		shows = shows && (s[i] >= ' ' && s[i] <= '~' || s[i] >= 0xa0 || s[i] == '\n' || s[i] == '\r' || s[i] == '\t')
	}
	if shows { // each byte as a letter of Latin-1
		return `<<"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `">>`
	}
	return "<<" + strings.Join(all, ",") + ">>"
}

// number is a whole one as it is, and any other with a point.
func number(n json.Number) string {
	text := n.String()
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	f, err := n.Float64()
	if err != nil {
		return text
	}
	if text = strconv.FormatFloat(f, 'g', -1, 64); !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// whole says whether a value of JSON is a whole number, for RabbitMQ of any size.
func whole(v any) (n int64, yes bool) {
	x, ok := v.(json.Number)
	if !ok || strings.ContainsAny(x.String(), ".eE") {
		return 0, false
	}
	n, err := x.Int64()
	if err != nil { // beyond 64 bits: as far as they go
		n = 1<<63 - 1
		if strings.HasPrefix(x.String(), "-") {
			n = -1
		}
	}
	return n, true
}
