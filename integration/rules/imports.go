package rules

import (
	"fmt"
	"slices"
	"strings"
)

// may says which of our packages a folder may import. "x/..." is x and all
// below it; the first line that matches a folder counts; "." stands for the
// top-level part that the folder is in (bridge/sqs for bridge/sqs/query).
var may = []struct {
	folder string
	code   []string // what it may import
	tests  []string // what its tests may import besides
}{
	{"cmd/slipway", []string{"..."}, nil},
	{"config", nil, nil},
	{"core", []string{"core/match", "core/selector", "core/cron"}, []string{"core", "core/store/..."}},
	{"core/match", nil, nil},
	{"core/arguments", []string{"core"}, nil}, // what doors that know RabbitMQ share
	{"core/selector", nil, nil},
	{"core/cron", nil, nil},
	{"core/store/diskstore/grouplog", nil, nil}, // a log of bytes and numbers
	{"core/store/...", []string{"core", "core/store/..."}, []string{"core/match"}},
	{"core/cluster/...", []string{"core", "core/cluster/..."}, []string{"core/store/..."}},
	{"protocols", []string{"core"}, []string{"core/store/..."}},
	{"protocols/ws", nil, nil}, // a transport: no protocol knows of it, nor it of them
	{"protocols/...", []string{"core", "core/match", "core/arguments", "protocols", "."}, []string{"core/store/...", "protocols/doortest"}},
	{"bridge/awsapi/...", []string{"core", "."}, []string{"core/store/..."}},
	{"bridge/...", []string{"core", "core/match", "core/arguments", "bridge/awsapi/...", "."}, []string{"core/store/..."}},
	{"integration/...", []string{"integration/..."}, nil},
}

func imports(t *tree) []string {
	var bad []string
	for _, s := range t.sources {
		for _, dir := range s.ours() {
			if why := forbidden(s, dir); why != "" {
				bad = append(bad, fmt.Sprintf("%s: imports %s: %s", s.path, dir, why))
			}
		}
		if !slices.ContainsFunc(may, func(m struct {
			folder      string
			code, tests []string
		}) bool {
			return covers(m.folder, s.dir())
		}) {
			bad = append(bad, s.path+": no line of the table of imports is for this folder")
		}
	}
	return bad
}

// forbidden says why s may not import dir, "" if it may.
func forbidden(s source, dir string) string {
	if s.test() && dir == s.dir() {
		return "" // an external test of its own package
	}
	for _, m := range may {
		if !covers(m.folder, s.dir()) {
			continue
		}
		allowed := m.code
		if s.test() {
			allowed = slices.Concat(m.code, m.tests)
		}
		if slices.ContainsFunc(allowed, func(pattern string) bool {
			if pattern == "." {
				pattern = part(s.dir()) + "/..."
			}
			return covers(pattern, dir)
		}) {
			return ""
		}
		return fmt.Sprintf("%s may import of ours only %q", m.folder, allowed)
	}
	return "" // reported by imports
}

func covers(pattern, dir string) bool {
	if pattern == "..." {
		return true
	}
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == above || strings.HasPrefix(dir, above+"/")
	}
	return dir == pattern
}

// part is the first two levels of a folder: protocols/mqtt, bridge/sqs.
func part(dir string) string {
	levels := strings.SplitN(dir, "/", 3)
	return strings.Join(levels[:min(2, len(levels))], "/")
}
