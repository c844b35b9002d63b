package readme

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func fences(t *testing.T) []Fence {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := Fences(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every fence has a use that something checks.
func TestEveryFenceIsChecked(t *testing.T) {
	count := map[string]int{}
	for _, f := range fences(t) {
		use, _, _ := strings.Cut(f.Use, "=")
		kind := strings.TrimSpace(f.Language + " " + use)
		switch kind {
		case "sh server", "sh run", "sh test", "sh list", "sh docker", "yaml file", "yaml", "text":
			count[kind]++
		default:
			t.Errorf("README.md:%d: nothing checks a fence of %q", f.Line, kind)
		}
		if f.Language == "sh" {
			parseShell(t, f)
		}
	}
	for _, kind := range []string{"sh server", "sh run", "sh test", "sh list", "sh docker", "yaml file", "text"} {
		if count[kind] == 0 {
			t.Errorf("README.md has no %s fence", kind)
		}
	}
}

// parseShell lets bash read a fence without executing it.
func parseShell(t *testing.T, f Fence) {
	t.Helper()
	cmd := exec.Command("bash", "-n")
	cmd.Stdin = strings.NewReader(f.Text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("README.md:%d: %v\n%s", f.Line, err, out)
	}
}

func TestReadme(t *testing.T) {
	need(t, "bash", "mosquitto_pub", "mosquitto_sub", "aws", "python3", "stomp")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	dir := t.TempDir()
	bin := t.TempDir()
	binary := filepath.Join(bin, "slipway")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "../../cmd/slipway").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	sh := newShell(ctx, t, dir)
	var broker *server
	defer func() {
		if broker != nil {
			broker.stop(t)
		}
	}()
	var printed string
	for _, f := range fences(t) {
		use, name, _ := strings.Cut(f.Use, "=")
		switch f.Language + " " + use {
		case "yaml file":
			if err := os.WriteFile(filepath.Join(dir, name), []byte(f.Text), 0o600); err != nil {
				t.Fatal(err)
			}
		case "sh server":
			if broker != nil {
				broker.stop(t)
			}
			broker = start(ctx, t, binary, dir, f.Text)
		case "sh run":
			out, err := sh.run(f.Text)
			if err != nil {
				t.Fatalf("README.md:%d: %v:\n%s", f.Line, err, out)
			}
			printed = out
		case "text ":
			if printed != "" {
				wantLines(t, f, printed)
			}
			printed = ""
		}
	}
}

// wantLines wants each line of the fence among those printed, in order.
func wantLines(t *testing.T, f Fence, printed string) {
	t.Helper()
	rest := strings.Split(printed, "\n")
	for want := range strings.Lines(f.Text) {
		want = strings.TrimSpace(want)
		for len(rest) > 0 && strings.TrimSpace(rest[0]) != want {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.Fatalf("README.md:%d: no line %q in\n%s", f.Line, want, printed)
		}
		rest = rest[1:]
	}
}

// need skips the test where it is not asked for, and fails it where it is and
// cannot run.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("CI") != "true" {
		t.Skip("set CI=true to run this: it needs the default ports, mosquitto-clients and the AWS CLI")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatal(err)
		}
	}
	for _, address := range []string{"127.0.0.1:1883", "127.0.0.1:5672", "127.0.0.1:61613", "127.0.0.1:61618", "127.0.0.1:4566", "127.0.0.1:8161", "127.0.0.1:8883", "127.0.0.1:4567"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("the README's port is in use: %v", err)
		}
		l.Close()
	}
}

func TestFences(t *testing.T) {
	got, err := Fences("a\n```sh run\nx\n```\n```\ny\n```\n")
	if err != nil || len(got) != 2 || got[0] != (Fence{"sh", "run", "x\n", 2}) || got[1] != (Fence{"", "", "y\n", 5}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"```sh\nx\n", "```sh\n```sh\n```\n"} {
		if _, err := Fences(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// The shell notices a command that fails, and keeps what was exported.
func TestShell(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Fatal(err)
	}
	sh := newShell(t.Context(), t, t.TempDir())
	if _, err := sh.run("export A=b"); err != nil {
		t.Fatal(err)
	}
	if out, err := sh.run("printf $A; echo c >&2"); err != nil || out != "bc\n\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if out, err := sh.run("echo before; false; echo after"); err == nil || strings.Contains(out, "after") {
		t.Errorf("got %q, %v", out, err)
	}
}
