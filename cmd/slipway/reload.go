package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/slipwaymq/slipway/config"
)

// hangups tells of SIGHUP, the signal to read certificates again, until stop is
// called. Without a TLS listener the signal keeps its meaning: the terminal is
// gone, and so is the process.
func hangups(cfg config.Config) (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 1)
	for _, d := range cfg.Doors() {
		if len(d.TLSListen) > 0 {
			signal.Notify(signals, syscall.SIGHUP)
			break
		}
	}
	return signals, func() { signal.Stop(signals) }
}
