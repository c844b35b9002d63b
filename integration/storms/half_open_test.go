package storms

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// Who does not log in in time is cut, as is who falls silent after it; others
// get in and through meanwhile.
func TestHalfOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "slipway.yaml")
	if err := os.WriteFile(file, []byte("limits: {handshake_timeout: 1s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := daemon.Start(t, daemon.Options{Dir: filepath.Join(dir, "data"), Config: file})
	connect := []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 1, 0, 1, 'x'} // keep alive: one second
	var all []net.Conn
	for i := range 300 {
		c, err := net.Dial("tcp", b.MQTT)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all = append(all, c)
		switch i % 3 {
		case 1:
			_, err = c.Write(connect[:7])
		case 2:
			connect[14] = byte(i/3) + 1 // an id of its own
			_, err = c.Write(connect)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got := newTally()
	s := client.MQTT(t, client.MQTTOptions(b.MQTT, "steady"))
	client.Done(t, s.Subscribe("flow", 1, got.take))
	flow(t, b.MQTT, "flow", 500)
	got.whole(t, 500)
	s.Disconnect(100)
	for i, c := range all {
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil && os.IsTimeout(err) {
			t.Fatalf("connection %d was not cut", i)
		}
	}
	b.Stop(t)
}
