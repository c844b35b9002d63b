package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// The keys that every SQS request is signed with.
const (
	accessKey = "BENCHACCESSKEY"
	secretKey = "bench-secret-key"
)

const slipwayConfig = `
mqtt: {allow_anonymous: true, tls_listen: ["127.0.0.1:0"]}
amqp: {allow_anonymous: true, tls_listen: ["127.0.0.1:0"]}
stomp: {allow_anonymous: true, tls_listen: ["127.0.0.1:0"]}
websocket: {allow_anonymous: true, tls_listen: ["127.0.0.1:0"]}
users:
  - name: bench
    access_keys: [{id: ` + accessKey + `, secret: ` + secretKey + `}]
    permissions: [{allow: [configure, write, read], queues: ["*"], topics: ["#"]}]
routes: [{topic: bench/route, queue: bench-route}]
admin: {allow_anonymous: true, profiles: true}
limits: {min_free_disk: 64MiB, max_connections: 100000}
`

// build makes the binary that ships: static, without cgo.
func build(dir string) (string, error) {
	path := filepath.Join(dir, "binary") // a peer's folder has its name
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "github.com/slipwaymq/slipway/cmd/slipway")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

func startSlipway(t *tools, dir string) (*Running, error) {
	return startSlipwayWith(t, dir, slipwayConfig)
}

func startSlipwayWith(t *tools, dir, config string) (*Running, error) {
	path, certs := filepath.Join(dir, "slipway.yaml"), filepath.Join(dir, "certs")
	if out, err := exec.Command(t.slipway, "cert", "--dir", certs).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("slipway cert: %w: %s", err, out)
	}
	config += "tls: {certificate: " + certs + "/server.pem, key: " + certs + "/server.key}\n"
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	args := []string{"serve", "--config", path, "--data", filepath.Join(dir, "data")}
	doors, err := listenFlags(t.slipway)
	if err != nil {
		return nil, err
	}
	for _, door := range doors {
		args = append(args, door, "127.0.0.1:0")
	}
	r, err := start("slipway", dir, exec.Command(t.slipway, args...), nil)
	if err != nil {
		return nil, err
	}
	if r.Addrs, err = banner(r); err != nil {
		r.Stop()
		return nil, err
	}
	r.Collect = func() error { return collectSlipway(r.Addrs["admin"]) }
	return r, nil
}

var listenFlag = regexp.MustCompile(`(?m)^\s+--?([a-z]+-listen)\b`)

// listenFlags are the flags of every door that this binary has.
func listenFlags(binary string) ([]string, error) {
	out, err := exec.Command(binary, "serve", "--help").CombinedOutput()
	var names []string
	for _, f := range listenFlag.FindAllStringSubmatch(string(out), -1) {
		names = append(names, "--"+f[1])
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s serve --help names no listener: %w", binary, err)
	}
	return names, nil
}

// banner waits for the addresses that Slipway prints, one "door address" a
// line, admin's the last.
func banner(r *Running) (map[string]string, error) {
	by := time.Now().Add(2 * time.Minute)
	for {
		addrs := map[string]string{}
		text := lastLines(r.log)
		for line := range strings.Lines(text) {
			f := strings.Fields(line)
			if len(f) == 2 && strings.Contains(f[1], ":") && !strings.Contains(f[0], "=") {
				addrs[f[0]] = f[1]
			}
		}
		if addrs["admin"] != "" {
			if aws := addrs["aws"]; aws != "" {
				addrs["sqs"] = aws
			}
			addOvers(addrs)
			return addrs, nil
		}
		select {
		case <-r.processes[0].done:
			return nil, fmt.Errorf("slipway ended: %s", text)
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(by) {
			return nil, fmt.Errorf("slipway prints no banner: %s", text)
		}
	}
}
