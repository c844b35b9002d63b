package crash

import (
	"os"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// inCI says whether to run at full size.
func inCI() bool { return os.Getenv("CI") == "true" }
