package crash

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// The same of publishers with confirms and of transactions.
func TestStopUnderLoadAMQP(t *testing.T) { endAMQP(t, 3, 1000, stopQuickly) }

func stopQuickly(b *daemon.Broker, t testing.TB) {
	begun := time.Now()
	b.Signal(t, syscall.SIGTERM)
	if code := b.Wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("the stop took %v", d)
	}
}

// An operator's stop under load loses nothing that was confirmed, and is quick.
func TestStopUnderLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "slipway.yaml")
	if err := os.WriteFile(file, []byte("routes: [{topic: \"ledger/#\", queue: "+mqttQueue+"}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := daemon.Options{Dir: filepath.Join(dir, "data"), Config: file}
	books := &books{newLedger(), newLedger(), newLedger()}
	b := daemon.Start(t, o)
	prepare(t, b)
	for round := range 3 {
		until := books.kept() + 1000
		var clients sync.WaitGroup
		work(t, b, round, books, &clients)
		daemon.Eventually(t, time.Minute, "enough confirmations", func() bool { return books.kept() >= until })
		stopQuickly(b, t)
		clients.Wait()
		b = daemon.Start(t, o)
	}
	check(t, b, books)
	b.Stop(t)
}
