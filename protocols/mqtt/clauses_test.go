package mqtt

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var clauseLine = regexp.MustCompile(`^(MQTT-\d+\.\d+\.\d+-\d+) (.+)$`)

// Each line of testdata/clauses.txt and clauses311.txt names a test that there is,
// or says why there is none.
func TestClauses(t *testing.T) {
	for file, least := range map[string]int{"testdata/clauses.txt": 240, "testdata/clauses311.txt": 138} {
		seen := clauses(t, file)
		if len(seen) < least {
			t.Errorf("%s: only %d clauses", file, len(seen))
		}
	}
	have := testNames(t)
	for _, wrong := range [][2]string{
		{"MQTT-1.5.4-1", "TestNothing"}, {"MQTT-6.0.0-1", "ws/TestClauses"}, {"MQTT-6.0.0-1", "TestCloseCodes"},
		{"MQTT-9.9.9-9", "publish.txt"}, {"MQTT-4.6.0-4", "- no test: it holds"},
		{"MQTT-3.1.2-1", "311.txt"}, // there is 3.1.2-10
	} {
		if checked(t, have, 4, wrong[0], wrong[1]) {
			t.Errorf("a test that is not there passes for one: %s", wrong)
		}
	}
	if checked(t, have, 4, "MQTT-3.2.2-8", "publish.txt MQTT-3.8.3-3 no local") {
		t.Error("a case of version 5 passes for one of 4")
	}
}

// clauses reads one of the two files and checks its lines.
func clauses(t *testing.T, file string) map[string]bool {
	t.Helper()
	have, seen, v := testNames(t), map[string]bool{}, 5
	if strings.Contains(file, "311") {
		v = 4
	}
	for n, line := range strings.Split(strings.TrimSuffix(readText(t, file), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := clauseLine.FindStringSubmatch(line)
		if m == nil || seen[m[1]] {
			t.Errorf("%s:%d is not a clause and its test, or is there twice: %s", file, n+1, line)
			continue
		}
		seen[m[1]] = true
		if !checked(t, have, v, m[1], m[2]) {
			t.Errorf("%s:%d: there is no such test: %s", file, n+1, line)
		}
	}
	return seen
}

// checked says whether what a line names exists, and for version 4 whether it is
// a case of that version. (In version 5 many cases of 3.1.1 count too: what they
// check does not depend on the version.)
func checked(t *testing.T, have map[string]bool, v int, clause, by string) bool {
	t.Helper()
	if why, ok := strings.CutPrefix(by, "- "); ok {
		return why != "" && !strings.HasPrefix(why, "no test") // which is no reason
	}
	if strings.HasPrefix(by, "Test") || strings.HasPrefix(by, "ws/") {
		return have[by]
	}
	file, what, named := strings.Cut(by, " ")
	dir := "testdata/scripts/"
	if packets, ok := strings.CutPrefix(file, "wire/"); ok {
		dir, file = "wire/testdata/packets/", packets
	}
	text := "\n" + readText(t, dir+file)
	begins := regexp.QuoteMeta(what)
	switch {
	case !named && dir != "testdata/scripts/":
		return v == 5 && regexp.MustCompile(regexp.QuoteMeta(clause)+`\b`).MatchString(text)
	case !named:
		begins = regexp.QuoteMeta(clause) + `\b`
	}
	versions := ".*"
	if v == 4 {
		versions = ".*4.*"
	}
	return regexp.MustCompile(`\n-- ` + begins + `.*\nv:` + versions + `\n`).MatchString(text)
}

func testNames(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	for pattern, prefix := range map[string]string{"*_test.go": "", "wire/*_test.go": "", "../ws/*_test.go": "ws/"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(readText(t, file), -1) {
				have[prefix+m[1]] = true
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
