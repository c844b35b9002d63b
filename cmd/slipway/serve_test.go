package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings are those of a broker in a directory of its own on free ports.
func settings(t *testing.T, text string) config.Config {
	t.Helper()
	flags := map[string]string{
		"data_dir": t.TempDir(), "mqtt.listen": "127.0.0.1:0", "amqp.listen": "127.0.0.1:0", "stomp.listen": "127.0.0.1:0", "websocket.listen": "127.0.0.1:0", "aws.listen": "127.0.0.1:0", "admin.listen": "127.0.0.1:0",
		"limits.min_free_disk": "1MiB",
	}
	cfg, err := config.Parse("test", []byte(text), nil, flags)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// outside is a world whose fatal errors fail the test.
func outside(t *testing.T) world {
	return world{fatal: func(err error) { t.Errorf("fatal: %v", err) }}
}

func address(t *testing.T, all []opened, door string) string {
	t.Helper()
	for _, o := range all {
		if o.door == door {
			return o.address
		}
	}
	t.Fatalf("no door %s in %v", door, all)
	return ""
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func TestServe(t *testing.T) {
	for _, text := range []string{"", "memory: true"} {
		ctx, cancel := context.WithCancel(t.Context())
		err := serveIn(ctx, settings(t, text), quiet(), outside(t), func(all []opened) {
			defer cancel()
			url := "http://" + address(t, all, "admin")
			for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "slipway_info", "/v1/queues": `"queues": []`} {
				if status, body := fetch(t, url+path); status != 200 || !strings.Contains(body, want) {
					t.Errorf("%q: %s: %d %s", text, path, status, body)
				}
			}
			if status, _ := fetch(t, "http://"+address(t, all, "aws")+"/?Action=GetCallerIdentity&Version=2011-06-15"); status != 200 {
				t.Errorf("%q: sts: %d", text, status)
			}
		})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What cannot start says why, with its exit code, and lets go of everything.
func TestStartIsRefused(t *testing.T) {
	cfg := settings(t, "")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	clash := cfg
	clash.Admin.Listen = []string{taken.Addr().String()}
	if _, err := start(clash, quiet(), outside(t)); err == nil || exitCode(err) != exitListen || !strings.Contains(err.Error(), "another program uses this port") {
		t.Errorf("a port in use: %v", err)
	}
	in, err := start(cfg, quiet(), outside(t)) // and so the directory was not touched
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(cfg, quiet(), outside(t)); err == nil || exitCode(err) != exitDataDir || !strings.Contains(err.Error(), "open in another process") {
		t.Errorf("a directory in use: %v", err)
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}

func TestReady(t *testing.T) {
	cfg := settings(t, "limits: {memory_budget: 16MiB}")
	cfg.Limits.MinFreeDisk = 1 << 60 // nobody has that much
	in, err := start(cfg, quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.ready(); err == nil || !strings.Contains(err.Error(), "min_free_disk") {
		t.Errorf("a full disk: %v", err)
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
	if err := in.ready(); err == nil || err.Error() != "stopping" {
		t.Errorf("stopped: %v", err)
	}
}

const twoRoutes = `
namespaces: [{name: two, account_id: "222222222222", region: eu-central-1}]
queues: [{name: orders.new, alias: fresh}, {name: calm.fifo}]
topics: [{name: sensors/kitchen}]
routes:
  - {topic: "sensors/#", queue: readings}
  - {topic: "sensors/+/temp", queue: "a/b", namespace: two}
`

// The configuration's definitions are there, once, and its routes go with it.
func TestDefinitions(t *testing.T) {
	dir := t.TempDir()
	for i, text := range []string{twoRoutes, twoRoutes, `routes: [{topic: "sensors/#", queue: other}]`, ""} {
		cfg := settings(t, text)
		cfg.DataDir = dir
		in, err := start(cfg, quiet(), outside(t))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, ns := range in.broker.Namespaces() {
			for _, b := range ns.Bindings("") {
				got = append(got, ns.Name()+":"+b.Key)
			}
		}
		want := [][]string{
			{`:route/"readings" sensors/#`, `two:route/"a/b" sensors/*/temp`},
			{`:route/"readings" sensors/#`, `two:route/"a/b" sensors/*/temp`},
			{`:route/"other" sensors/#`}, nil,
		}[i]
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("start %d: %q", i, got)
		}
		if q, ok := in.broker.Default().Queue("calm.fifo"); !ok || !q.Options().Grouped {
			t.Errorf("start %d: calm.fifo is gone, or no FIFO queue", i)
		}
		if _, ok := in.broker.Default().Topic("sensors/kitchen"); !ok {
			t.Errorf("start %d: the topic is gone", i)
		}
		alias := []string{"fresh", "fresh", "orders-new-", "orders-new-"}[i]
		if got := names(cfg).Queue(in.broker.Default(), "orders.new"); !strings.HasPrefix(got, alias) {
			t.Errorf("start %d: orders.new is called %s", i, got)
		}
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	}
}

// A drain ends long polls at once and cuts who does not finish in time.
func TestDrainCutsWhoIsLate(t *testing.T) {
	cfg := settings(t, "memory: true\nlimits: {drain_timeout: 50ms}")
	in, err := start(cfg, quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", address(t, in.doors.opened, "aws"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Half a request, of which the rest was asked for: it is under way.
	_, err = fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n\r\n{")
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q, %v", line, err)
	}
	begun := time.Now()
	err = in.stop()
	if err == nil || !strings.Contains(err.Error(), "cut off") || exitCode(err) != exitFailed {
		t.Errorf("got %v", err)
	}
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestMemoryShares(t *testing.T) {
	for budget, want := range map[config.Bytes]int64{
		1 * config.MiB: 1 << 20, 32 * config.MiB: 16 << 20, 128 * config.MiB: 32 << 20, 256 * config.MiB: 128 << 20, 1 * config.GiB: 896 << 20,
	} {
		if got := messageMemory(budget); got != want {
			t.Errorf("of %v messages get %d MiB", budget, got>>20)
		}
	}
}
