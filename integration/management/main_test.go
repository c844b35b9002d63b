package management

import (
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

func TestMain(m *testing.M) { daemon.Main(m) }
