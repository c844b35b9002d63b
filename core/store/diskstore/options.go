package diskstore

import (
	"log/slog"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options are plain data; the zero value is what a broker wants.
type Options struct {
	// Logger gets what an operator should know. Nil: slog.Default().
	Logger *slog.Logger

	// Fatal is called once, with the first write or sync error, and must end
	// the process. It may be called from any goroutine, with locks held, so it
	// must not use the store. Nil: log and os.Exit(ExitCode).
	Fatal func(error)

	// MinFree is the watermark in bytes below which Room is false.
	// 0: 1 GiB, or 8 memtables and the largest compaction if that is more.
	MinFree int64

	// Ballast is the size of the reserve that is given back when a quarter of
	// MinFree is left. 0: 8 memtables; negative: none.
	Ballast int64

	// ProbeEvery is how often free space is looked at and the SYNCED file
	// fsynced. 0: 250 ms; negative: never (tests).
	ProbeEvery time.Duration

	// MemTable and Cache are sizes in bytes. 0: 16 MiB and 32 MiB. With both
	// on the Go heap (no cgo), up to memTables*MemTable + Cache are in use. The
	// cache has what memtables beyond the first leave of Cache.
	MemTable, Cache int64

	// Large is the length in bytes, 4 or more, from which on a value stays in the log
	// for a while, and is only referred to by tables. 0: 4 KiB.
	Large int

	// Kept is how many parts of the log, each of MemTable bytes, may stay for large
	// values before the oldest of these are given to tables. 0: 8.
	Kept int

	// FS is the file system. Nil: the operating system's.
	FS vfs.FS
}

// ExitCode is how a process ends whose store has failed: sysexits' EX_IOERR.
const ExitCode = 74

const (
	memTables      = 4 // one being written, the others waiting for their flush
	defaultMinFree = 1 << 30
	tableFile      = 16 << 20
	// baseTable is the same for the first level below level 0. pebble lets a
	// compaction out of level 0 take along whatever lies between its neighbours
	// below, up to 25 times this. With 16 MiB the group key's, which is due every few
	// flushes, took all new entries of queues along, which lie before it and overlap
	// nothing: each was written once more, a third of all the time of a store under
	// load. Now those are too many for it and move down as they are.
	baseTable = 1 << 20
	// Mostly tables are scanned, a queue's entries a thousand at a time: with blocks
	// of 16 KiB, 0.2 us of processor for each of 300 bytes, with pebble's 4 KiB 0.4.
	// A Get of one that nobody asked for lately is 8.3 us and not 6.6, with 32 KiB 11.6.
	tableBlock = 16 << 10
	// pebble expands a compaction to at most this many files of the target size.
	compactionFiles = 25
	// level0Files bounds how many tables wait for a compaction. pebble's own 500
	// would be file handles of an hour's or a day's comings and goings. A flush of a
	// full memtable makes some four, so L0CompactionThreshold comes at about the
	// same time.
	level0Files = 32
)

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Fatal == nil {
		logger := o.Logger
		o.Fatal = func(err error) {
			logger.Error("the store failed: stopping, to recover at the next start", "err", err)
			os.Exit(ExitCode)
		}
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.MemTable <= 0 {
		o.MemTable = 16 << 20
	}
	if o.Cache <= 0 {
		o.Cache = 32 << 20
	}
	if o.Large <= 0 {
		o.Large = 4 << 10
	}
	if o.Kept <= 0 {
		o.Kept = 8
	}
	if o.MinFree <= 0 {
		o.MinFree = max(defaultMinFree, 8*o.MemTable+compactionFiles*tableFile)
	}
	if o.Ballast == 0 {
		o.Ballast = 8 * o.MemTable
	}
	if o.ProbeEvery == 0 {
		o.ProbeEvery = 250 * time.Millisecond
	}
	return o
}

// pebbleOptions are pebble's, without the listener and logger of a store.
// dead hears of keys released to zero.
func (o Options) pebbleOptions(dead func(key []byte)) *pebble.Options {
	p := &pebble.Options{
		FS:         tableFS{o.FS},
		DisableWAL: true, // the group log is in front of it
		// Table format 6 has a checksum in the footer; WAL sync chunks tell a torn
		// tail from damage in the middle of what version 1 left.
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		Merger:                      newMerger(dead),
		MemTableSize:                uint64(o.MemTable),
		MemTableStopWritesThreshold: memTables,
		// pebble takes the memtables that there are out of the cache. While one is
		// written and one filled, as always under load, 32 MiB were gone, and every
		// block was read anew.
		CacheSize:                  o.Cache + o.MemTable,
		L0CompactionThreshold:      8,
		L0CompactionFileThreshold:  level0Files,
		L0StopWritesThreshold:      32,
		LBaseMaxBytes:              64 << 20,
		FlushSplitBytes:            4 * tableFile,
		MaxOpenFiles:               500,
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
	}
	for i := range p.TargetFileSizes {
		p.TargetFileSizes[i] = tableFile
	}
	p.TargetFileSizes[1] = baseTable
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		p.Levels[i].BlockSize = tableBlock
	}
	p.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	p.Experimental.SpanPolicyFunc = oneTableByte
	return p
}

// oneTableByte ends a table file where the core's table byte changes. A queue
// only grows at its end, so files of its entries alone do not overlap and move
// down the levels without being rewritten; with a head record and the group
// number in each, every file would overlap every other.
func oneTableByte(start []byte) (pebble.SpanPolicy, []byte, error) {
	if len(start) == 0 || start[0] == reserved {
		return pebble.SpanPolicy{}, nil, nil
	}
	return pebble.SpanPolicy{}, []byte{start[0] + 1}, nil
}
