package daemon

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

var binary string // set by Main before any test runs

// Main builds the binary (with SLIPWAY_TEST_RACE=1 under the race detector), runs the tests, removes it and looks for goroutines
// that tests left behind.
func Main(m *testing.M) {
	os.Exit(mainCode(m))
}

func mainCode(m *testing.M) int {
	dir, err := os.MkdirTemp("", "slipway-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // in the system's own place for what may stay behind
	binary = filepath.Join(dir, "slipway")
	build := exec.Command("go", "build", "-o", binary, "github.com/slipwaymq/slipway/cmd/slipway")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it ships
	if os.Getenv("SLIPWAY_TEST_RACE") == "1" {
		build = exec.Command("go", "build", "-race", "-o", binary, "github.com/slipwaymq/slipway/cmd/slipway")
	}
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Need skips a test that drives programs which are not installed; where CI=true
// they have to be. With SLIPWAY_TEST_ONLY_GO it skips as on a machine with Go
// alone.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	if os.Getenv("SLIPWAY_TEST_ONLY_GO") != "" {
		t.Skipf("%s: SLIPWAY_TEST_ONLY_GO is set, so nothing but Go is used", programs)
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			Missing(t, p)
		}
	}
}

// NeedPython is Need for a module of python3.
func NeedPython(t testing.TB, module string) {
	t.Helper()
	Need(t, "python3")
	if err := exec.Command("python3", "-c", "import "+module).Run(); err != nil {
		Missing(t, "the Python module "+module)
	}
}

// Missing is what Need does without a program.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed: .ci/run installs it", what)
	}
	t.Skipf("%s is not installed; .ci/run install does that", what)
}
