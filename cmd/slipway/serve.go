package main

import (
	"context"
	"log/slog"

	"github.com/slipwaymq/slipway/config"
)

// serve builds store, core and doors, calls ready once every door accepts, and
// drains in reverse when ctx ends.
func serve(_ context.Context, _ config.Config, _ *slog.Logger, _ func([]opened)) error {
	return errNotBuilt
}
