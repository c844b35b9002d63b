// Count reads `go test -json` on standard input and shows what a person wants
// of it: a line for each package, all that a failed test said, tests that took
// long. It appends "passed failed skipped" to a file and exits 1 if a test or
// a package failed, if none ran, or if one was skipped that may not be.
//
//	go test -json ./... | count -totals FILE [-may-skip PACKAGE-PREFIX]
//
// Skips below the prefix are not counted: such tests run in another stage.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Elapsed    float64
	Output     string
}

type counter struct {
	out     io.Writer
	maySkip string
	output  map[string][]string // by package and test, until it is known to have passed

	passed, failed, skipped int
}

const longTest = 5 // seconds

func main() {
	totals := flag.String("totals", "", "append the counts to `FILE`")
	maySkip := flag.String("may-skip", "none", "packages with this `PREFIX` may skip tests")
	flag.Parse()
	c := &counter{out: os.Stdout, maySkip: *maySkip, output: map[string][]string{}}
	if err := c.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
		os.Exit(1)
	}
	if err := appendTo(*totals, fmt.Sprintln(c.passed, c.failed, c.skipped)); err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
		os.Exit(1)
	}
	fmt.Printf("   %d passed, %d failed, %d skipped\n", c.passed, c.failed, c.skipped)
	if !c.good() {
		os.Exit(1)
	}
}

func (c *counter) good() bool { return c.passed > 0 && c.failed == 0 && c.skipped == 0 }

func (c *counter) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			c.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *counter) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		fmt.Fprintf(c.out, "   %s", line) // something of go itself
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		c.output[key] = append(c.output[key], e.Output)
	case "build-output":
		fmt.Fprint(c.out, e.Output)
	case "pass", "fail", "skip":
		c.end(e, key)
		delete(c.output, key)
	}
}

// end notes how a test, or without one a package, ended.
func (c *counter) end(e event, key string) {
	if e.Action == "fail" {
		fmt.Fprint(c.out, strings.Join(c.output[key], ""))
	}
	if e.Test == "" {
		c.endPackage(e)
		return
	}
	switch e.Action {
	case "pass":
		c.passed++
	case "fail":
		c.failed++
	case "skip":
		if strings.HasPrefix(e.Package, c.maySkip) {
			return
		}
		c.skipped++
		fmt.Fprintf(c.out, "   SKIPPED %s\n%s", key, strings.Join(c.output[key], ""))
	}
	if e.Elapsed >= longTest {
		fmt.Fprintf(c.out, "   %6.1f s %s\n", e.Elapsed, key)
	}
}

func (c *counter) endPackage(e event) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(c.out, "   %6.1f s ok   %s\n", e.Elapsed, e.Package)
	case "fail":
		c.failed++ // the tests' own failures are counted too: a build that fails has none
		fmt.Fprintf(c.out, "   %6.1f s FAIL %s\n", e.Elapsed, e.Package)
	} // skip: no test files
}

func appendTo(file, text string) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Close()
}
