package main

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
)

// serve builds store, core and doors, calls ready once every door accepts, and
// drains in reverse when ctx ends.
func serve(ctx context.Context, cfg config.Config, log *slog.Logger, again reload, ready func([]opened)) error {
	limitMemory(cfg)
	return serveIn(ctx, cfg, log, world{fatal: exitOn(log), reload: again}, ready)
}

// exitOn ends the process at once: after a failed write nothing may be
// confirmed, and what was confirmed is found at the next start.
func exitOn(log *slog.Logger) func(error) {
	return func(err error) {
		log.Error("the store failed: stopping, to recover at the next start", "error", err)
		os.Exit(exitFailed)
	}
}

func serveIn(ctx context.Context, cfg config.Config, log *slog.Logger, w world, ready func([]opened)) error {
	in, err := start(cfg, log, w)
	if err != nil {
		return err
	}
	ready(in.doors.opened)
	var broken error
	select {
	case <-ctx.Done():
		log.Info("stopping: finishing what is under way", "timeout", cfg.Limits.DrainTimeout)
	case broken = <-in.doors.broken:
	}
	return errors.Join(broken, in.stop())
}

// instance is a running broker: what serve builds up and takes down.
type instance struct {
	cfg    config.Config // immutable; that of the start
	log    *slog.Logger  // immutable
	store  core.Store    // immutable
	metric metrics       // immutable
	broker *core.Broker  // immutable
	access *core.Access  // immutable
	doors  *doors        // immutable
	clock  core.Clock    // immutable; the broker's
	off    time.Duration // by how much the wall clock is ahead of it, as was said; watch only
	reload reload        // immutable
	drains atomic.Bool   // set by stop
}

// hasUsers says that the configuration of the start names users: who comes
// without credentials is then let in only where it says so.
func (in *instance) hasUsers() bool { return len(in.cfg.Users) > 0 }

// metrics are the store's; nil for one in memory.
type metrics func() admin.StoreMetrics

// start opens in the order in which one thing needs another. The addresses are
// taken first: a port in use is no reason to touch the data, and nothing is
// accepted until all is there.
func start(cfg config.Config, log *slog.Logger, w world) (in *instance, err error) {
	in = &instance{cfg: cfg, log: log, clock: w.time(), reload: w.reload}
	undo := []func() error{}
	defer func() {
		for i := len(undo) - 1; err != nil && i >= 0; i-- {
			if e := undo[i](); e != nil {
				log.Error("while giving up", "error", e)
			}
		}
	}()
	if in.access, err = newAccess(cfg); err != nil {
		return nil, configError(err)
	}
	listeners, err := listenAll(cfg)
	if err != nil {
		return nil, err
	}
	undo = append(undo, listeners.close)
	if in.store, in.metric, err = openStore(cfg, log, w); err != nil {
		return nil, err
	}
	undo = append(undo, in.store.Close)
	if in.broker, err = in.newBroker(w); err != nil {
		return nil, dataDirError(fmt.Errorf("recovering %s: %w", cfg.DataDir, err))
	}
	undo = append(undo, in.broker.Close)
	if err = in.access.Keep(in.broker, in.endUsers); err != nil {
		return nil, err
	}
	tellAccounts(in.access, log)
	if err = define(in.broker, cfg); err != nil {
		return nil, err
	}
	return in, in.open(listeners)
}

func (in *instance) newBroker(w world) (*core.Broker, error) {
	cfg := in.cfg
	return core.New(in.store, core.Options{
		Clock: in.clock, Rand: chance(), Log: in.log, Fatal: w.fatal, Dialects: dialects(),
		Limits: core.Limits{
			MessageBytes: int(cfg.Limits.MaxMessageSize), GroupBytes: int(cfg.Limits.MaxMessageSize),
			Queues: cfg.Limits.MaxQueues, MemoryBytes: messageMemory(cfg.Limits.MemoryBudget),
		},
	})
}

// chance is what the core makes ids of: as strong as what the system gives, and ten
// times cheaper. The core has one reader of it at a time.
func chance() io.Reader {
	var seed [32]byte
	crand.Read(seed[:]) // never fails
	return rand.NewChaCha8(seed)
}

// stop drains: no more connections, no more waiting; what is being confirmed is
// confirmed, sessions are closed, then core, admin door and store.
func (in *instance) stop() error {
	in.drains.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), in.cfg.Limits.DrainTimeout)
	defer cancel()
	begun := time.Now()
	in.broker.EndWaits()
	late := in.doors.drain(ctx)
	in.broker.Drain()
	err := errors.Join(late, in.broker.Close(), in.doors.closeAdmin(), in.store.Close())
	if err == nil {
		in.log.Info("stopped", "after", time.Since(begun).Round(time.Millisecond))
	}
	return err
}

// ready says why no new messages are taken.
func (in *instance) ready() error {
	switch {
	case in.drains.Load():
		return errors.New("stopping")
	case !in.store.Room():
		return errors.New("less than limits.min_free_disk is free")
	}
	return nil
}
