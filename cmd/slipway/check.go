package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core/store/diskstore"
)

// checkCommand reads everything in a data directory, and writes nothing.
func checkCommand(_ context.Context, c call) error {
	operands, err := c.parse(c.flags("check", "DIR"), 1)
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return usageError(errors.New("check: which directory?"))
	}
	report, err := diskstore.Check(operands[0], diskstore.Options{Logger: slog.New(slog.DiscardHandler)})
	printReport(c.out, report)
	if err != nil {
		return dataDirError(err)
	}
	fmt.Fprintf(c.out, "%s is sound\n", operands[0])
	return nil
}

// printReport says what was read; nothing, if nothing was.
func printReport(w io.Writer, r diskstore.Report) {
	if r.Format == 0 {
		return
	}
	fmt.Fprintf(w, "format %d, last group %d, known as confirmed %d\n", r.Format, r.Group, r.Synced)
	fmt.Fprintf(w, "%d logs of %d bytes, %d tables of %d bytes\n", r.Logs, r.LogBytes, r.Tables, r.TableBytes)
	for _, table := range slices.Sorted(maps.Keys(r.Keys)) {
		n := r.Keys[table]
		fmt.Fprintf(w, "  %q %12d keys %16v\n", table, n.Keys, config.Bytes(n.Bytes))
	}
}
