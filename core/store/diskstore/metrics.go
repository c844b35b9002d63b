package diskstore

import (
	"sync/atomic"
	"time"
)

// Metrics is what the admin bridge shows. Counters run since Open.
type Metrics struct {
	Group        uint64        // number of the last group applied
	Batches      uint64        // batches applied
	BatchBytes   uint64        // their encoded size
	Syncs        uint64        // Durable batches: each one fdatasync
	SyncTotal    time.Duration // spent in them
	SyncMax      time.Duration
	SyncBuckets  [len(SyncBounds) + 1]uint64 // not cumulative; the last is +Inf
	DiskBytes    uint64                      // of the log, tables and manifests
	LogBytes     uint64                      // of the log's files
	TableBytes   uint64                      // of live tables
	MemTables    uint64                      // bytes
	CacheBytes   uint64
	Compactions  uint64
	FreeBytes    uint64 // at the last probe
	Room         bool
	BallastBytes uint64 // held back now
	Failed       error
}

// SyncBounds are the upper bounds of Metrics.SyncBuckets.
var SyncBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, time.Second,
}

// A meter counts what Apply does. Only Apply writes, anyone reads.
type meter struct {
	batches, bytes, syncs atomic.Uint64
	syncTotal, syncMax    atomic.Int64
	buckets               [len(SyncBounds) + 1]atomic.Uint64
}

func (m *meter) wrote(n int) {
	m.batches.Add(1)
	m.bytes.Add(uint64(n))
}

func (m *meter) synced(d time.Duration) {
	m.syncs.Add(1)
	m.syncTotal.Add(int64(d))
	if int64(d) > m.syncMax.Load() {
		m.syncMax.Store(int64(d))
	}
	i := 0
	for i < len(SyncBounds) && d > SyncBounds[i] {
		i++
	}
	m.buckets[i].Add(1)
}

// Metrics returns the numbers of now. It takes pebble's lock: a call a second
// is nothing, one a message would be felt.
func (s *Store) Metrics() Metrics {
	pm := s.db.Metrics()
	free, ballast := s.space.now()
	m := Metrics{
		Group:        s.group.Load(),
		Batches:      s.meter.batches.Load(),
		BatchBytes:   s.meter.bytes.Load(),
		Syncs:        s.meter.syncs.Load(),
		SyncTotal:    time.Duration(s.meter.syncTotal.Load()),
		SyncMax:      time.Duration(s.meter.syncMax.Load()),
		DiskBytes:    pm.DiskSpaceUsage() + uint64(s.log.Bytes()),
		LogBytes:     uint64(s.log.Bytes()),
		TableBytes:   uint64(pm.Total().TablesSize),
		MemTables:    pm.MemTable.Size,
		CacheBytes:   uint64(pm.BlockCache.Size),
		Compactions:  uint64(pm.Compact.Count),
		FreeBytes:    free,
		Room:         s.Room(),
		BallastBytes: ballast,
		Failed:       s.failed(),
	}
	for i := range m.SyncBuckets {
		m.SyncBuckets[i] = s.meter.buckets[i].Load()
	}
	return m
}
