package crash

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

func onSmallDisk(dir string) daemon.Options {
	return daemon.Options{Dir: filepath.Join(dir, "data"), Env: []string{"SLIPWAY_LIMITS_MIN_FREE_DISK=64MiB"}}
}

func isReady(b *daemon.Broker) func() bool { return func() bool { return b.Ready() == nil } }
func isFull(b *daemon.Broker) func() bool {
	return func() bool { err := b.Ready(); return err != nil && strings.Contains(err.Error(), "min_free_disk") }
}

func send(ctx context.Context, c *sqs.Client, url, body string) error {
	_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
	return err
}

// Below the watermark nothing new is taken, what frees space is; above it again,
// all goes on, and nothing confirmed is missing.
func TestDiskFillsAndEmpties(t *testing.T) {
	dir := daemon.SmallDisk(t, "256m")
	b := daemon.Start(t, onSmallDisk(dir))
	ctx, c := t.Context(), client.SQS(t, b.AWS)
	url := client.CreateQueue(ctx, t, c, "q", nil)
	l := newLedger()
	put := func(body string) error {
		l.note(l.sent, body)
		err := send(ctx, c, url, body)
		if err == nil {
			l.note(l.kept, body)
		}
		return err
	}
	for i := range 30 {
		if err := put(fmt.Sprintf("before-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	empty := daemon.FillDisk(t, dir, 32<<20)
	daemon.Eventually(t, 10*time.Second, "refusal", isFull(b))
	if err := put("while full"); err == nil {
		t.Error("a message was taken below the watermark")
	}
	p := client.MQTT(t, client.MQTTOptions(b.MQTT, "p"))
	token := p.Publish("$queue/q", 1, false, "while full, by MQTT")
	l.note(l.sent, "while full, by MQTT")
	if token.WaitTimeout(time.Second) && token.Error() == nil && p.IsConnected() {
		t.Error("a message was confirmed below the watermark")
	}
	for range 5 { // what frees space goes on
		got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url})
		if err != nil || len(got.Messages) != 1 {
			t.Fatalf("receiving while full: %v, %v", got, err)
		}
		l.note(l.taken, *got.Messages[0].Body)
		if _, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
			t.Fatalf("deleting while full: %v", err)
		}
		l.note(l.deleted, *got.Messages[0].Body)
	}
	empty()
	daemon.Eventually(t, 10*time.Second, "readiness", isReady(b))
	if err := put("after"); err != nil {
		t.Errorf("with space again: %v", err)
	}
	b.Stop(t)
	b = daemon.Start(t, onSmallDisk(dir))
	audit(t, b, l)
	b.Stop(t)
}

// noise is text that does not compress well.
func noise(n int) string {
	b := make([]byte, n*3/4)
	rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

func audit(t *testing.T, b *daemon.Broker, l *ledger) {
	t.Helper()
	found := map[string]int{}
	client.ReceiveAll(t.Context(), t, client.SQS(t, b.AWS), urlOf(b, "q"), 0, func(m types.Message) { found[strings.Split(*m.Body, " #")[0]]++ })
	for _, complaint := range l.audit(found) {
		t.Error(complaint)
	}
	t.Logf("%d confirmed, %d there", l.count(l.kept), len(found))
}

// Messages alone fill the disk to the watermark and no further: the process
// lives, and purging makes room.
func TestMessagesFillTheDisk(t *testing.T) {
	dir := daemon.SmallDisk(t, "320m")
	b := daemon.Start(t, onSmallDisk(dir))
	ctx, c := t.Context(), client.SQS(t, b.AWS)
	url := client.CreateQueue(ctx, t, c, "q", nil)
	l := newLedger()
	for i := 0; ; i++ {
		bulk := " #" + noise(200<<10)
		body := fmt.Sprintf("m%d", i)
		l.note(l.sent, body)
		if err := send(ctx, c, url, body+bulk); err != nil {
			break
		}
		l.note(l.kept, body)
		if i > 320<<20/(200<<10) {
			t.Fatal("more was taken than the disk holds")
		}
	}
	if !b.Running() {
		t.Fatal("the broker died of a disk that is full of messages")
	}
	daemon.Eventually(t, 10*time.Second, "refusal", isFull(b))
	b.Kill(t)
	b = daemon.Start(t, daemon.Options{Dir: filepath.Join(dir, "data"), Env: []string{"SLIPWAY_LIMITS_MIN_FREE_DISK=1MiB"}})
	audit(t, b, l)
	b.Stop(t)
}

// The disk fills to the last byte between two looks at it. Then the broker stops
// rather than confirm what it cannot keep, and with space again nothing that it
// confirmed is missing.
func TestDiskIsSuddenlyFull(t *testing.T) {
	dir := daemon.SmallDisk(t, "256m")
	b := daemon.Start(t, onSmallDisk(dir))
	ctx, c := t.Context(), client.SQS(t, b.AWS)
	url := client.CreateQueue(ctx, t, c, "q", nil)
	l := newLedger()
	bulk := " #" + noise(64<<10)
	full, sent := make(chan func(), 1), make(chan struct{})
	go func() {
		defer close(sent)
		for i := 0; ; i++ {
			if i == 50 {
				full <- daemon.FillDisk(t, dir, 0)
			}
			body := fmt.Sprintf("m%d", i)
			l.note(l.sent, body)
			if err := send(ctx, c, url, body+bulk); err != nil {
				return
			}
			l.note(l.kept, body)
		}
	}()
	<-sent
	empty := <-full
	code := endOf(t, b)
	if code != 1 && code != running {
		t.Errorf("exit code %d", code)
	}
	t.Logf("exit code %d (%d: it lives and refuses)", code, running)
	empty()
	if b.Running() {
		b.Kill(t)
	}
	b = daemon.Start(t, onSmallDisk(dir))
	audit(t, b, l)
	b.Stop(t)
}

const running = -2

// endOf is the exit code of a broker that stops over a full disk, or running: it
// noticed in time, refuses and lives on.
func endOf(t *testing.T, b *daemon.Broker) (code int) {
	t.Helper()
	code = running
	daemon.Eventually(t, 10*time.Second, "end or refusal", func() bool {
		if !b.Running() {
			code = b.Wait(t)
			return true
		}
		return isFull(b)()
	})
	return code
}
