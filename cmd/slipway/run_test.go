package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/config"
)

// slipway runs a command line and returns the exit code and both outputs.
func slipway(t *testing.T, stdin string, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), args, streams{strings.NewReader(stdin), &out, &errs}, env)
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	bad := write(t, "mqtt: {listn: []}\n")
	unused := write(t, "memory: true\ntls: {certificate: /none/cert.pem, key: /none/key.pem}\n")
	good := write(t, "memory: true\n")
	open := write(t, "aws: {listen: ['0.0.0.0:4566'], allow_anonymous: true}\n")
	for _, tt := range []struct {
		args string
		code int
		out  string // part of stdout
		err  string // part of stderr
	}{
		{"help", 0, "check-config [FILE]", ""},
		{"--help", 0, "usage: slipway [COMMAND]", ""},
		{"-h", 0, "usage: slipway [COMMAND]", ""},
		{"version", 0, "slipway devel", ""},
		{"--version", 0, "slipway devel", ""},
		{"serve --help", 0, "-mqtt-listen LIST", ""},
		{"fly", 2, "", `no command "fly"`},
		{"--fly", 2, "", "fly"},
		{"serve here", 2, "", `what is "here"?`},
		{"--log-level", 2, "", "needs an argument"},
		{"version now", 2, "", `what is "now"?`},
		{"check", 2, "", "which directory?"},
		{"check-config " + good, 0, "is right", ""},
		{"check-config", 0, "the configuration is right: no file, the defaults and the environment", ""},
		{"check-config " + open, 0, "aws.allowed_hosts is empty", ""},
		{"check-config " + unused, 0, "note: tls of mqtt, which nothing listens with there: ", ""},
		{"check-config " + bad, 3, "", "mqtt.listn: unknown key: did you mean listen?"},
		{"check-config " + good + ".none", 3, "", "no such file"},
		{"check-config --example", 0, "data_dir: ./slipway-data", ""},
		{"--config " + bad, 3, "", "mqtt.listn"},
		{"--mqtt-listen 0.0.0.0:1883", 3, "", "mqtt.listen[0]: \"0.0.0.0:1883\" is not a loopback address"},
		{"serve --log-level loud", 3, "", "log.level"},
		{"hash-password", 2, "", "holds no password"},
		{"healthcheck --config " + bad, 3, "", "mqtt.listn"},
	} {
		code, out, errs := slipway(t, "", nil, strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) || code == 0 && errs != "" {
			t.Errorf("slipway %s: code %d, out %q, err %q", tt.args, code, out, errs)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExitCodeOf(t *testing.T) {
	taken, err := listen("mqtt", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, inUse := listen("mqtt", taken.Addr().String())
	for _, tt := range []struct {
		err  error
		code int
	}{
		{inUse, 5},
		{dataDirError(errors.New("locked")), 4},
		{errors.Join(errors.New("first"), dataDirError(errors.New("locked"))), 4},
		{errors.New("the disk is full"), 1},
	} {
		if got := exitCode(tt.err); got != tt.code {
			t.Errorf("%v: code %d, want %d", tt.err, got, tt.code)
		}
	}
}

func TestLayersOfServe(t *testing.T) {
	file := write(t, "data_dir: file\nlog: {level: warn, format: json}\n")
	c := call{args: []string{"--data", "flag", "--memory"}, env: []string{"SLIPWAY_CONFIG=" + file, "SLIPWAY_LOG_LEVEL=error"}}
	src, err := c.sources()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := load(src)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.DataDir != "flag" || !cfg.Memory || cfg.Log != (config.Log{Level: "error", Format: "json"}) {
		t.Errorf("got %+v", cfg)
	}
}

func TestLogger(t *testing.T) {
	var out strings.Builder
	log, _ := newLogger(config.Log{Level: "warn", Format: "json"}, &out)
	log.Info("not shown")
	log.Warn("shown")
	if got := out.String(); strings.Contains(got, "not shown") || !strings.Contains(got, `"msg":"shown"`) {
		t.Errorf("got %q", got)
	}
}

func TestHashPassword(t *testing.T) {
	for _, stdin := range []string{"correct horse", "correct horse\n", "correct horse\r\nsecond line\n"} {
		code, out, errs := slipway(t, stdin, nil, "hash-password")
		hash := strings.TrimSpace(out)
		if code != 0 || config.CheckPasswordHash(hash) != nil {
			t.Fatalf("code %d, out %q, err %q", code, out, errs)
		}
		if !verifyPassword(hash, []byte("correct horse")) || verifyPassword(hash, []byte("correct horses")) {
			t.Errorf("%s does not tell right from wrong", hash)
		}
	}
	if code, _, _ := slipway(t, strings.Repeat("x", maxPassword+1), nil, "hash-password"); code != exitUsage {
		t.Errorf("a password that is too long: code %d", code)
	}
}

// At a terminal the input goes on behind the line: nobody has to end it.
func TestHashPasswordOfALine(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		for _, b := range []byte("correct horse\n") {
			_, _ = w.Write([]byte{b})
		}
	}()
	var out, errs strings.Builder
	done := make(chan int)
	go func() { done <- run(t.Context(), []string{"hash-password"}, streams{r, &out, &errs}, nil) }()
	select {
	case code := <-done:
		if code != 0 || !verifyPassword(strings.TrimSpace(out.String()), []byte("correct horse")) {
			t.Errorf("code %d, out %q, err %q", code, out.String(), errs.String())
		}
	case <-time.After(20 * time.Second):
		_ = w.Close()
		<-done
		t.Error("it waits for more than a line")
	}
}

// The verifier that is printed lets that password in, and no other.
func TestHashPasswordSCRAM(t *testing.T) {
	code, out, errs := slipway(t, "correct horse\n", nil, "hash-password", "--scram")
	v, err := config.ParseSCRAM(strings.TrimSpace(out))
	if code != 0 || err != nil {
		t.Fatalf("code %d, out %q, err %q, %v", code, out, errs, err)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horses": false} {
		if got, err := scramVerifier(password, v.Salt); err != nil || (got.StoredKey == v.StoredKey) != want {
			t.Errorf("%s: %v", password, err)
		}
	}
	cfg := config.Config{Users: []config.User{{Name: "a", SCRAMSHA256: v.String()}}}
	if a, err := newAccess(cfg); err != nil || !a.HasSCRAM() {
		t.Errorf("the verifier does not reach the core: %v", err)
	}
	cfg = config.Config{Users: []config.User{{Name: "a", AccessKeys: []config.AccessKey{{ID: "AKIA", Secret: "long enough"}}}}}
	if a, err := newAccess(cfg); err != nil || a.HasSCRAM() {
		t.Errorf("SCRAM for a user without: %v", err)
	}
}

func TestVerifyPassword(t *testing.T) {
	// Made by other programs: OpenBSD's test vector for bcrypt, and the
	// example of a PHC string in the argon2 command's own test.
	const bcryptOfU = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	if !verifyPassword(bcryptOfU, []byte("U*U")) || verifyPassword(bcryptOfU, []byte("U*V")) {
		t.Error("bcrypt")
	}
	const argonOfPassword = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if !verifyPassword(argonOfPassword, []byte("password")) || verifyPassword(argonOfPassword, []byte("Password")) {
		t.Error("argon2id")
	}
	// Made by mosquitto_passwd 2.0.11, the last with -H sha512 as 1.6 did.
	for hash, password := range map[string]string{
		"$7$101$INNiC0UsZWejIrq8$tqZcdEXwwW8skZzdYnYl8hBcxpTAm8B6RM7cJl8lKN8AddQwML2WcHJtRgf5AsN/KaBaldP0UbMmzWLqEWiaZg==": "secret",
		"$7$101$SrV3yaaNYrI0TObl$1wvGZlwr3y8SSgyttA8MZxbjEB53KwTKM8NGCLcO1/tM1qX3n2IRnRgOOJIu73gQVijoZF/B9M8okIoPlC49mA==": "pässword",
		"$6$seCPV4UALuChKKCT$nYYoMN3uCZKQtUXWc79/HHRM/d+WgCfIqnblSHOUVxpmiBP0Oo5J0o4HS7gJ+4jHL9OK7lLy4lt7PurZPh69Nw==":     "secret",
	} {
		if !verifyPassword(hash, []byte(password)) || verifyPassword(hash, []byte(password+"x")) || verifyPassword(hash, nil) {
			t.Error("Mosquitto's", hash)
		}
	}
	for _, hostile := range []string{
		"", "plain",
		"$7$2000000000$INNiC0UsZWejIrq8$tqZcdEXwwW8skZzdYnYl8hBcxpTAm8B6RM7cJl8lKN8AddQwML2WcHJtRgf5AsN/KaBaldP0UbMmzWLqEWiaZg==",
		"$argon2id$v=19$m=4000000000,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
	} {
		if verifyPassword(hostile, []byte("password")) {
			t.Errorf("%s was verified", hostile)
		}
	}
}

func TestExamplePassword(t *testing.T) {
	cfg, err := config.Parse("example", []byte(config.Example()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := config.ParseSCRAM(cfg.Users[0].SCRAMSHA256)
	if again, err2 := scramVerifier("change me", v.Salt); err != nil || err2 != nil || again.String() != v.String() {
		t.Errorf("the example's verifier is not of the password that is named: %v, %v", err, err2)
	}
	if !verifyPassword(cfg.Users[0].PasswordHash, []byte("change me")) {
		t.Error("the example's hash is not of the password it names")
	}
}

func TestHealthcheck(t *testing.T) {
	status := http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		http.Error(w, "because", status)
	}))
	defer srv.Close()
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	env := []string{"SLIPWAY_ADMIN_LISTEN=0.0.0.0:" + port, "SLIPWAY_ADMIN_ALLOW_ANONYMOUS=true", "HTTP_PROXY=http://127.0.0.1:1"}
	if code, _, errs := slipway(t, "", env, "healthcheck"); code != 0 {
		t.Errorf("well: code %d, %s", code, errs)
	}
	status = http.StatusServiceUnavailable
	if code, _, errs := slipway(t, "", env, "healthcheck"); code != 1 || !strings.Contains(errs, "503") {
		t.Errorf("not well: code %d, %s", code, errs)
	}
	srv.Close()
	if code, _, _ := slipway(t, "", nil, "healthcheck", "--addr", "127.0.0.1:"+port); code != 1 {
		t.Errorf("gone: code %d", code)
	}
}

func TestBanner(t *testing.T) {
	var out strings.Builder
	banner(&out, config.Config{DataDir: "there"}, []opened{{"mqtt", "[::]:1883"}, {"aws", "127.0.0.1:4566"}})
	for _, want := range []string{"data in there", "  mqtt          [::]:1883\n", "mosquitto_pub -h 127.0.0.1 -p 1883", "http://127.0.0.1:4566 sqs"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	out.Reset()
	banner(&out, config.Config{Memory: true, Users: []config.User{{Name: "a"}}}, []opened{{"mqtt", "127.0.0.1:1"}})
	if strings.Contains(out.String(), "Try") || !strings.Contains(out.String(), "nothing is kept") {
		t.Errorf("got\n%s", out.String())
	}
}
