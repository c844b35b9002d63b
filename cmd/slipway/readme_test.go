package main

import (
	"os"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/integration/readme"
)

// The README's configurations load, and its table of exit codes and its list
// of commands are the real ones.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	fences, err := readme.Fences(string(text))
	if err != nil {
		t.Fatal(err)
	}
	loaded := 0
	for _, f := range fences {
		if f.Language != "yaml" {
			continue
		}
		loaded++
		cfg, err := config.Parse("README.md", []byte(f.Text), nil, nil)
		if err != nil {
			t.Errorf("README.md:%d: %v", f.Line, err)
		}
		for _, u := range cfg.Users {
			if !verifyPassword(u.PasswordHash, []byte("change me")) {
				t.Errorf("README.md:%d: the hash of %s is not of the password that is named", f.Line, u.Name)
			}
		}
	}
	if loaded < 2 {
		t.Errorf("only %d configurations", loaded)
	}
	checkCalls(t, fences)
	for i, line := range exitLines(t, "doc.go", "//\t") {
		if code := line[:1]; !strings.Contains(string(text), "| "+code+" | "+line[3:]) {
			t.Errorf("exit code %d is explained otherwise than in doc.go: %s", i, line)
		}
	}
}

// checkCalls wants a line for each command in the list of calls, and no other.
func checkCalls(t *testing.T, fences []readme.Fence) {
	t.Helper()
	named := map[string]bool{"help": true}
	for _, f := range fences {
		if f.Use != "list" {
			continue
		}
		for line := range strings.Lines(f.Text) {
			call, _, _ := strings.Cut(line, "#")
			c, _ := pick(strings.Fields(call)[1:])
			if c == nil {
				t.Errorf("README.md:%d: there is no such command: %s", f.Line, line)
				continue
			}
			named[c.name] = true
		}
	}
	for _, c := range commands() {
		if !named[c.name] {
			t.Errorf("the README does not list slipway %s", c.name)
		}
	}
}

// exitLines returns the list of exit codes of a file: lines of a digit and two
// spaces, each up to its line's end.
func exitLines(t *testing.T, file, prefix string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(strings.TrimPrefix(line, prefix))
		if len(line) > 3 && line[0] >= '0' && line[0] <= '9' && line[1:3] == "  " {
			all = append(all, strings.ReplaceAll(line, "for serve:", "for `serve`:"))
		}
	}
	if len(all) != exitListen+1 {
		t.Fatalf("%s explains %d exit codes", file, len(all))
	}
	return all
}
