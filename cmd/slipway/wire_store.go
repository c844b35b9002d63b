package main

import (
	"log/slog"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// world is what lies around the broker; a test has one of its own.
type world struct {
	// open opens the store on disk; nil: in cfg.DataDir.
	open  func(diskstore.Options) (*diskstore.Store, error)
	wrap  func(core.Store) core.Store // nil: the store as it is
	fatal func(error)                 // must not return, except in a test

	clock core.Clock // nil: the machine's, from the start on

	reload reload
}

func (w *world) time() core.Clock {
	if w.clock != nil {
		return w.clock
	}
	return newClock()
}

// openStore opens what cfg asks for; metrics is nil for a store in memory.
func openStore(cfg config.Config, log *slog.Logger, w world) (s core.Store, metrics func() admin.StoreMetrics, err error) {
	if cfg.Memory {
		s = memstore.New(memstore.Options{MaxBytes: int64(cfg.Limits.MemoryBudget)})
	} else {
		if w.open == nil {
			w.open = func(o diskstore.Options) (*diskstore.Store, error) { return diskstore.Open(cfg.DataDir, o) }
		}
		disk, err := w.open(diskstore.Options{
			Logger: log, Fatal: w.fatal, MinFree: int64(cfg.Limits.MinFreeDisk), Ballast: ballast(cfg.Limits.MinFreeDisk),
		})
		if err != nil {
			return nil, nil, dataDirError(err)
		}
		s, metrics = disk, func() admin.StoreMetrics { return storeMetrics(disk.Metrics()) }
	}
	if w.wrap != nil {
		s = w.wrap(s)
	}
	return s, metrics, nil
}

// ballast is the store's own choice, or less for a disk so small that
// min_free_disk was set low.
func ballast(free config.Bytes) int64 { return int64(min(free/8, 128*config.MiB)) }

func storeMetrics(m diskstore.Metrics) admin.StoreMetrics {
	out := admin.StoreMetrics{
		Batches: m.Batches, BatchBytes: m.BatchBytes, Syncs: m.Syncs, SyncTotal: m.SyncTotal, DiskBytes: m.DiskBytes, LogBytes: m.LogBytes,
		MemTables: m.MemTables, CacheBytes: m.CacheBytes, Compactions: m.Compactions, FreeBytes: m.FreeBytes,
		BallastBytes: m.BallastBytes, Room: m.Room, Failed: m.Failed, SyncBuckets: map[float64]uint64{},
	}
	below := uint64(0)
	for i, bound := range diskstore.SyncBounds {
		below += m.SyncBuckets[i]
		out.SyncBuckets[bound.Seconds()] = below
	}
	return out
}
