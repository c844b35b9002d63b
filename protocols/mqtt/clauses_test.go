package mqtt

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var clauseLine = regexp.MustCompile(`^(MQTT-\d+\.\d+\.\d+-\d+) (.+)$`)

// Each line of testdata/clauses.txt names a test that there is, or says why
// there is none.
func TestClauses(t *testing.T) {
	have := testNames(t)
	seen := map[string]bool{}
	for n, line := range strings.Split(strings.TrimSuffix(readText(t, "testdata/clauses.txt"), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := clauseLine.FindStringSubmatch(line)
		if m == nil || seen[m[1]] {
			t.Errorf("line %d is not a clause and its test, or is there twice: %s", n+1, line)
			continue
		}
		seen[m[1]] = true
		if !checked(t, have, m[1], m[2]) {
			t.Errorf("line %d: there is no such test: %s", n+1, line)
		}
	}
	if len(seen) < 240 {
		t.Errorf("only %d clauses", len(seen))
	}
	if checked(t, have, "MQTT-1.5.4-1", "TestNothing") || checked(t, have, "MQTT-9.9.9-9", "publish.txt") {
		t.Error("a test that is not there passes for one")
	}
}

// checked says whether what a line names exists.
func checked(t *testing.T, have map[string]bool, clause, by string) bool {
	t.Helper()
	if why, ok := strings.CutPrefix(by, "- "); ok {
		return why != ""
	}
	file, what, named := strings.Cut(by, " ")
	switch {
	case strings.HasPrefix(by, "Test"):
		return have[by]
	case strings.HasPrefix(file, "wire/"):
		text := readText(t, "wire/testdata/packets/"+strings.TrimPrefix(file, "wire/"))
		if named {
			return strings.Contains(text, "\n-- "+what)
		}
		return regexp.MustCompile(regexp.QuoteMeta(clause) + `\b`).MatchString(text)
	case !named:
		what = clause
	}
	return strings.Contains("\n"+readText(t, "testdata/scripts/"+file), "\n-- "+what)
}

func testNames(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	for _, pattern := range []string{"*_test.go", "wire/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(readText(t, file), -1) {
				have[m[1]] = true
			}
		}
	}
	return have
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
