package rules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

const module = "github.com/slipwaymq/slipway"

// A source is one Go file.
type source struct {
	path  string // from the top of the repository, with /
	file  *ast.File
	lines int
}

func (s source) dir() string  { return path.Dir(s.path) }
func (s source) test() bool   { return strings.HasSuffix(s.path, "_test.go") }
func (s source) base() string { return path.Base(s.path) }

// ours returns the directories of this repository that s imports.
func (s source) ours() []string {
	var dirs []string
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		if p == module {
			dirs = append(dirs, ".")
		} else if dir, ok := strings.CutPrefix(p, module+"/"); ok {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// A tree is the repository.
type tree struct {
	set     *token.FileSet
	sources []source
	top     []string // entries of the top level
}

// read parses every Go file of the module. Folders that begin with "." or are
// called testdata are not part of it.
func read(fsys fs.FS) (*tree, error) {
	t := &tree{set: token.NewFileSet()}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		t.top = append(t.top, e.Name())
	}
	err = fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		name := e.Name()
		switch {
		case err != nil:
			return err
		case e.IsDir() && p != "." && (name == "testdata" || strings.HasPrefix(name, ".")):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		return t.add(fsys, p)
	})
	return t, err
}

func (t *tree) add(fsys fs.FS, p string) error {
	text, err := fs.ReadFile(fsys, p)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(t.set, p, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.sources = append(t.sources, source{p, f, strings.Count(string(text), "\n")})
	return nil
}

// at is a violation at a place in the source.
func (t *tree) at(n ast.Node, format string, args ...any) string {
	p := t.set.Position(n.Pos())
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}
