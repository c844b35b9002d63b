package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing that is wrong with a configuration. The error of
// [Load] joins all of them.
type Problem struct {
	Path  string // of the key: mqtt.listen[0]; "" for the file as a whole
	Text  string // what is wrong and what to write instead; never a secret
	Where string // "slipway.yaml, line 3", "SLIPWAY_MQTT_LISTEN", "--data"; "" where it is not known
	line  int
	cause error // nil, or why a file cannot be read
}

func (p *Problem) Unwrap() error { return p.cause }

func (p *Problem) Error() string {
	text := p.Text
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Where != "" {
		text += " (" + p.Where + ")"
	}
	return text
}

// problems collects what one Load finds. One goroutine uses it.
type problems struct {
	found  []*Problem
	origin map[string]origin // by path: the layer that set the value last
	broken map[string]bool   // by path: what could not be read, and so holds nothing
}

func newProblems() *problems {
	return &problems{origin: map[string]origin{}, broken: map[string]bool{}}
}

// origin is where a value was written.
type origin struct {
	where string
	line  int // 0 outside the file
}

// add reports what is wrong with the value at path. That a value is missing
// which was there and could not be read is no news.
func (ps *problems) add(path, format string, args ...any) {
	for p := path; p != ""; p = above(p) {
		if ps.broken[p] {
			return
		}
	}
	ps.addAt(ps.originOf(path), path, format, args...)
}

// unreadable reports the value at path and takes it out of what follows.
func (ps *problems) unreadable(path, format string, args ...any) {
	ps.add(path, format, args...)
	ps.broken[path] = true
}

// originOf is where path was written or, where it is missing, the section
// that lacks it.
func (ps *problems) originOf(path string) origin {
	for p := path; p != ""; p = above(p) {
		if at, ok := ps.origin[p]; ok {
			return at
		}
	}
	return origin{}
}

// above is the path of the list or section that path is in, "" for the root.
func above(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

func (ps *problems) addAt(at origin, path, format string, args ...any) {
	ps.found = append(ps.found, &Problem{
		Path: path, Text: fmt.Sprintf(format, args...), Where: at.where, line: at.line,
	})
}

// err joins the problems in the order of the file's lines, then of finding.
func (ps *problems) err() error {
	slices.SortStableFunc(ps.found, func(a, b *Problem) int {
		return cmp.Compare(a.line, b.line)
	})
	all := make([]error, len(ps.found))
	for i, p := range ps.found {
		all[i] = p
	}
	return errors.Join(all...)
}
