package readme

import (
	"fmt"
	"strings"
)

// A Fence is a fenced block of a Markdown text.
type Fence struct {
	Language string // sh, yaml, text
	Use      string // what stands behind the language: run, file=slipway.yaml
	Text     string
	Line     int // of the opening line
}

// Fences returns the fenced blocks of a Markdown text.
func Fences(markdown string) ([]Fence, error) {
	var all []Fence
	var open *Fence
	line := 0
	for text := range strings.Lines(markdown) {
		line++
		info, mark := strings.CutPrefix(strings.TrimRight(text, " \r\n"), "```")
		switch {
		case open == nil && mark:
			open = &Fence{Line: line}
			open.Language, open.Use, _ = strings.Cut(info, " ")
		case mark && info == "":
			all = append(all, *open)
			open = nil
		case mark:
			return nil, fmt.Errorf("line %d: a fence opens within that of line %d", line, open.Line)
		case open != nil:
			open.Text += text
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the fence is not closed", open.Line)
	}
	return all, nil
}
