package main

import (
	"context"
	"fmt"

	"github.com/slipwaymq/slipway/config"
)

// checkConfigCommand checks a file together with the environment, or what
// `serve` without --config would run with.
func checkConfigCommand(_ context.Context, c call) error {
	fs := c.flags("check-config", "[FILE]")
	example := fs.Bool("example", false, "print a complete configuration with every key explained")
	operands, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if *example {
		fmt.Fprint(c.out, config.Example())
		return nil
	}
	file := c.getenv("SLIPWAY_CONFIG")
	if len(operands) == 1 {
		file = operands[0]
	}
	cfg, err := config.Load(config.Sources{File: file, Env: c.env})
	if err != nil {
		return configError(fmt.Errorf("the configuration is wrong:\n%w", err))
	}
	if err := checkTLS(cfg); err != nil {
		return configError(fmt.Errorf("the configuration is wrong:\n%w", err))
	}
	what := file
	if file == "" {
		what = "no file, the defaults and the environment"
	}
	fmt.Fprintf(c.out, "the configuration is right: %s\n", what)
	for _, note := range append(cfg.NoHosts(), unusedTLS(cfg)...) {
		fmt.Fprintf(c.out, "note: %s\n", note)
	}
	return nil
}
