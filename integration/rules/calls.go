package rules

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
)

// noSleep: waiting is a channel or a condition, never a guess of how long
// something takes. Within synctest.Test nobody waits: there Sleep moves the
// bubble's clock on, exactly.
func noSleep(t *tree) []string {
	var bad []string
	for _, s := range t.sources {
		bad = append(bad, t.uses(s, "time", "Sleep")...)
	}
	return bad
}

// bubble reports whether n is a call of synctest.Test in a test.
func bubble(s source, n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || !s.test() {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == "synctest" && sel.Sel.Name == "Test"
}

// fromOutside are the names of package time that read a clock or start one.
var fromOutside = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// pureCore: what core does depends on its arguments only, so that a test can
// choose time, chance and failure.
func pureCore(t *tree) []string {
	var bad []string
	for _, s := range t.sources {
		if s.test() || !slices.Contains([]string{"core", "core/match", "core/selector", "core/cron"}, s.dir()) {
			continue
		}
		bad = append(bad, t.uses(s, "time", fromOutside...)...)
		for _, spec := range s.file.Imports {
			switch p, _ := strconv.Unquote(spec.Path.Value); p {
			case "os", "math/rand", "math/rand/v2", "crypto/rand", "net", "io/ioutil":
				bad = append(bad, t.at(spec, "core gets files, chance and network from its caller, not from %s", p))
			}
		}
	}
	return bad
}

// uses finds where s names one of names in the package that it imports by
// pkg, under whatever name it does, outside the bubbles of synctest.
func (t *tree) uses(s source, pkg string, names ...string) []string {
	var bad []string
	local := ""
	for _, spec := range s.file.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p != pkg {
			continue
		}
		local = path.Base(pkg)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if local == "." {
			bad = append(bad, t.at(spec, "a dot import hides uses of %s", pkg))
		}
	}
	if local == "" {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if bubble(s, n) {
			return false
		}
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, sel.Sel.Name) {
			bad = append(bad, t.at(sel, "%s.%s has no place here", pkg, sel.Sel.Name))
		}
		return true
	})
	return bad
}
