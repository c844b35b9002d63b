package journey

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// ends wants a broker to refuse to start, with that code and those words.
func ends(t *testing.T, o daemon.Options, code int, words ...string) {
	t.Helper()
	b := daemon.Run(t, o)
	if got := b.Wait(t); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	for _, w := range words {
		if !strings.Contains(b.Log(), w) {
			t.Errorf("no %q in %s", w, b.Log())
		}
	}
	if strings.Contains(b.Log(), "goroutine ") {
		t.Errorf("a stack for an operator: %s", b.Log())
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, door := range []string{"mqtt", "aws", "admin"} {
		dir := filepath.Join(t.TempDir(), "data")
		ends(t, daemon.Options{Dir: dir, Args: []string{"--" + door + "-listen", l.Addr().String()}}, 5,
			door, l.Addr().String(), "another program uses this port")
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s: a directory was made for nothing: %v", door, err)
		}
	}
}

func TestDirectoryInUse(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	ends(t, daemon.Options{Dir: b.Dir}, 4, b.Dir, "open in another process")
	if code, out := daemon.Command(t, "check", b.Dir); code != 4 || !strings.Contains(out, "open in another process") {
		t.Errorf("check: %d %s", code, out)
	}
	if err := b.Ready(); err != nil {
		t.Errorf("the first one suffers: %v", err)
	}
	b.Stop(t)
}

func TestDirectoryOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	ends(t, daemon.Options{Dir: dir}, 4, "letter.txt")
}

// A broker that was started and stopped leaves its data, sound, and nothing else.
func TestStopLeavesNothing(t *testing.T) {
	work, dir := t.TempDir(), filepath.Join(t.TempDir(), "data")
	b := daemon.Start(t, daemon.Options{Dir: dir, Work: work})
	url := client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "q", nil)
	c := client.SQS(t, b.AWS)
	if _, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("kept")}); err != nil {
		t.Fatal(err)
	}
	b.Stop(t)
	if left := list(t, work); len(left) > 0 {
		t.Errorf("left in the working directory: %q", left)
	}
	for _, name := range list(t, dir) {
		if !slices.Contains([]string{"BALLAST", "FORMAT", "LOCK", "SYNCED", "db", "log"}, name) {
			t.Errorf("left in the data directory: %s", name)
		}
	}
	for _, address := range []string{b.MQTT, b.AWS, b.Admin} {
		if l, err := net.Listen("tcp", address); err != nil {
			t.Errorf("still taken: %v", err)
		} else {
			l.Close()
		}
	}
	if code, out := daemon.Command(t, "check", dir); code != 0 || !strings.Contains(out, "is sound") {
		t.Errorf("check: %d %s", code, out)
	}
	b = daemon.Start(t, daemon.Options{Dir: dir})
	if got := receiveGo(t.Context(), t, b, "http://"+b.AWS+"/"+client.Account+"/q"); got != "kept" {
		t.Errorf("received %q", got)
	}
	b.Stop(t)
}

func TestMemoryLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	b := daemon.Start(t, daemon.Options{Dir: dir, Args: []string{"--memory"}})
	client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "q", nil)
	b.Stop(t)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("there is a directory: %v", err)
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A stop does not wait for long polls, nor cut them off: they end with nothing.
func TestStopEndsLongPolls(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	c := client.SQS(t, b.AWS)
	url := client.CreateQueue(t.Context(), t, c, "q", nil)
	answers := make(chan error, 5)
	for range cap(answers) {
		go func() {
			got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
			if err == nil && len(got.Messages) > 0 {
				t.Error("a message from nowhere")
			}
			answers <- err
		}()
	}
	daemon.Eventually(t, client.Patience, "polls", func() bool {
		_, text, err := b.Get("/metrics")
		return err == nil && strings.Contains(text, "slipway_http_connections{door=\"aws\"} 5\n")
	})
	begun := time.Now()
	b.Stop(t)
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("the stop took %v", d)
	}
	for range cap(answers) {
		if err := <-answers; err != nil {
			t.Errorf("a poll was cut off: %v", err)
		}
	}
}
