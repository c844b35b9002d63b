package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/slipwaymq/slipway/config"
)

// A reload is what SIGHUP asks for: the configuration and the certificates are
// read again. Nobody is cut off by it but who may not go on.
type reload struct {
	signals <-chan os.Signal              // nil: never
	load    func() (config.Config, error) // reads the layers of the start again; nil: only certificates are read
	level   *slog.LevelVar                // of the log; nil with load
}

// hangups tells of SIGHUP until stop is called. Where there is nothing to read
// again, neither a file nor a TLS listener, the signal keeps its meaning: the
// terminal is gone, and so is the process.
func hangups(file string, cfg config.Config) (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 1)
	tls := slices.ContainsFunc(cfg.Doors(), func(d config.Door) bool { return len(d.TLSListen) > 0 })
	if file != "" || tls {
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals, func() { signal.Stop(signals) }
}

// watch takes up certificates that changed, and looks at all, and at the
// configuration, when told to, until ctx ends.
func (in *instance) watch(ctx context.Context, all certificates) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	in.warnOfExpiry(all)
	for {
		in.lookAtClock()
		force := false
		select {
		case <-ctx.Done():
			return
		case <-in.reload.signals:
			force = true
			in.readAgain()
		case <-tick.C:
		}
		for _, c := range all {
			in.takeUp(c, force)
		}
	}
}

// readAgain takes up what of the configuration can change under way: users and
// the log's level. One that is wrong changes nothing.
func (in *instance) readAgain() {
	if in.reload.load == nil {
		return
	}
	cfg, err := in.reload.load()
	if err == nil {
		err = in.replaceUsers(cfg)
	}
	if err != nil {
		for _, e := range each(err) {
			in.log.Error("the configuration is wrong; the one before it stays", "error", e)
		}
		return
	}
	in.reload.level.Set(levelOf(cfg.Log))
	in.log.Info("the configuration is read again", "users", len(cfg.Users), "level", cfg.Log.Level)
	if later := in.later(cfg); len(later) > 0 {
		in.log.Warn("settings changed that count from the next start on", "settings", strings.Join(later, ", "))
	}
}

// later lists what differs from the start and cannot change under way. Without
// users there is nobody to log in: the first ones are for the next start.
func (in *instance) later(cfg config.Config) []string {
	return slices.DeleteFunc(config.Changed(in.cfg, cfg), func(path string) bool {
		return path == "users" && in.hasUsers() || path == "log.level"
	})
}

var errRevoked = errors.New("the user's password or permissions were changed")

func (in *instance) replaceUsers(cfg config.Config) error {
	if !in.hasUsers() {
		return nil
	}
	users, err := accessUsers(cfg)
	if err != nil {
		return err
	}
	revoked, err := in.access.Replace(users)
	if err == nil && len(revoked) > 0 {
		in.endUsers(revoked)
	}
	return err
}

// endUsers ends the connections of users who lost something.
func (in *instance) endUsers(revoked []string) {
	n := in.doors.server.CloseUsers(revoked, errRevoked)
	in.log.Info("users lost what they had: their connections are ended", "users", strings.Join(revoked, ", "), "connections", n)
}

// each takes apart what config joins.
func each(err error) []error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if all, ok := e.(interface{ Unwrap() []error }); ok {
			return all.Unwrap()
		}
	}
	return []error{err}
}
