package rules

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// docs wants a package comment in a doc.go of every package.
func docs(t *tree) []string {
	has := map[string]bool{}
	for _, s := range t.sources {
		if s.base() == "doc.go" && s.file.Doc != nil {
			has[s.dir()] = true
		}
	}
	var bad []string
	for _, dir := range t.dirs() {
		if !has[dir] {
			bad = append(bad, dir+": there is no doc.go with a package comment")
		}
	}
	return bad
}

func (t *tree) dirs() []string {
	var dirs []string
	for _, s := range t.sources {
		dirs = append(dirs, s.dir())
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// vague are names that say nothing of what a package is for.
var vague = []string{"util", "utils", "common", "types", "models", "helper", "helpers", "interfaces", "misc"}

func packageNames(t *tree) []string {
	var bad []string
	for _, s := range t.sources {
		if name := strings.TrimSuffix(s.file.Name.Name, "_test"); slices.Contains(vague, name) {
			bad = append(bad, fmt.Sprintf("%s: a package called %s says nothing of what it is for", s.path, name))
		}
	}
	return bad
}

// generated wants the prefix z on generated files, and on no others.
func generated(t *tree) []string {
	var bad []string
	for _, s := range t.sources {
		switch z := strings.HasPrefix(s.base(), "z"); {
		case ast.IsGenerated(s.file) && !z:
			bad = append(bad, s.path+": a generated file is prefixed z")
		case !ast.IsGenerated(s.file) && z:
			bad = append(bad, s.path+": prefixed z, but not generated")
		}
	}
	return bad
}

// topLevel is what may stand beside go.mod.
var topLevel = []string{
	".ci", ".dockerignore", ".git", ".gitattributes", ".gitignore", ".golangci.yml",
	"Dockerfile", "LICENSE", "README.md", "docker-compose.yml", "go.mod", "go.sum",
	"bridge", "cmd", "config", "core", "integration", "protocols",
	"slipway-data", "slipway", "slipway.yaml", // made by running and building, and as README says; ignored by git
}

func top(t *tree) []string {
	var bad []string
	for _, name := range t.top {
		if !slices.Contains(topLevel, name) {
			bad = append(bad, name+": not expected at the top level")
		}
	}
	return bad
}
