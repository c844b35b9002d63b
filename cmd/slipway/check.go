package main

import (
	"context"
	"errors"
	"fmt"
)

// checkDir reads everything in a data directory that no process uses, writes
// what it found to out, and returns what is wrong.
var checkDir = func(string) (string, error) {
	return "", errors.New("core/store/diskstore has no Check yet")
}

func checkCommand(_ context.Context, c call) error {
	operands, err := c.parse(c.flags("check", "DIR"), 1)
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return usageError(errors.New("check: which directory?"))
	}
	report, err := checkDir(operands[0])
	if report != "" {
		fmt.Fprintln(c.out, report)
	}
	if err != nil {
		return dataDirError(fmt.Errorf("check %s: %w", operands[0], err))
	}
	fmt.Fprintf(c.out, "%s is sound\n", operands[0])
	return nil
}
