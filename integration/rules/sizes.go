package rules

import (
	"fmt"
	"go/ast"
)

// Sizes in lines. Over the first a second look is due (the test logs them);
// the second only a state machine that is one thing may reach.
const (
	longFile, hugeFile = 400, 700
	longFunc, hugeFunc = 60, 100
)

func sizes(t *tree) []string { return t.over(hugeFile, hugeFunc) }

// over lists hand-written files and functions longer than that; of test files
// only the functions' sizes are left alone, since tables are long.
func (t *tree) over(file, function int) []string {
	var all []string
	for _, s := range t.sources {
		if ast.IsGenerated(s.file) {
			continue
		}
		if s.lines > file {
			all = append(all, fmt.Sprintf("%s: %d lines", s.path, s.lines))
		}
		if s.test() {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := t.set.Position(f.End()).Line - t.set.Position(f.Pos()).Line + 1; n > function {
				all = append(all, t.at(f, "%s has %d lines", f.Name.Name, n))
			}
		}
	}
	return all
}
