package crash

import (
	"os"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// million asks for the long run: 800,000 messages and more confirmed over 20
// kills, 100,000 of QoS 2 over 33, and 100,000 in FIFO queues over 20 (it takes a
// quarter of an hour, and is meant for a person).
func million() bool { return os.Getenv("SLIPWAY_TEST_MILLION") != "" }

// inCI says whether to run at full size.
func inCI() bool { return os.Getenv("CI") == "true" }
