package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/config"
)

// A setting that is read and then ignored is a lie: each field of config must
// be named by this package's code. (By name only: of fields that share one,
// such as Listen, this finds the last to be forgotten.)
func TestEverySettingIsUsed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				used[sel.Sel.Name] = true
			}
			return true
		})
	}
	wantUsed(t, used, reflect.TypeFor[config.Config]())
}

func wantUsed(t *testing.T, used map[string]bool, typ reflect.Type) {
	t.Helper()
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !used[f.Name] {
			t.Errorf("config.%s.%s is read and ignored", typ.Name(), f.Name)
		}
		below := f.Type
		if below.Kind() == reflect.Slice {
			below = below.Elem()
		}
		if below.Kind() == reflect.Struct {
			wantUsed(t, used, below)
		}
	}
}
