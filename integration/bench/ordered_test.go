package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// BenchmarkOrdered is the least that an ordered store costs beside its log: each
// entry goes into pebble's skiplist once and into a sorted table once, in groups
// of 1,000 (of 16 KiB 100), as so many outstanding messages of one queue are. There is no other
// goroutine, no reading, no bloom filter, no compression; tables of ascending keys
// move down the levels as they are. What is reported is entries a second, and the
// processor's time of one.
//
//	go test -run xxx -bench Ordered -benchtime 2000x -count 3 ./integration/bench
//
// "log" is the raw log alone, one write and one fdatasync a group; "insert" has
// memtables that nothing flushes; "tables" are written behind them; and in the
// last a group is inserted while the next one is in the log.
func BenchmarkOrdered(b *testing.B) {
	const never = 512 << 20
	for _, size := range []int{256, 1024, 16384} {
		for _, kind := range []struct {
			name     string
			logged   bool
			memtable int
			most     int // bytes of a database
		}{
			{"log", true, 0, 1 << 62},
			{"insert", false, never, 200 << 20},
			{"insert+tables", false, 16 << 20, 1 << 62},
			{"log+insert+tables", true, 16 << 20, 1 << 62},
		} {
			b.Run(fmt.Sprintf("%s/%dB", kind.name, size), func(b *testing.B) {
				o := &ordered{size: size, group: min(1000, 1600<<10/size), noise: make([]byte, 1<<20)}
				for i := range o.noise {
					o.noise[i] = byte(rand.Uint32())
				}
				var err error
				if kind.logged {
					if o.log, err = openFloorLog(b.TempDir()); err != nil {
						b.Fatal(err)
					}
				}
				o.measure(b, kind.memtable, max(1, kind.most/(size*o.group)))
			})
		}
	}
}

// An ordered is what a group goes into: a log, a database or both.
type ordered struct {
	size  int
	group int // entries
	noise []byte
	log   *floorLog
	db    *pebble.DB
}

// measure puts b.N groups, so many into each database.
func (o *ordered) measure(b *testing.B, memtable, groups int) {
	var cpu time.Duration
	b.ResetTimer()
	b.StopTimer()
	for done := 0; done < b.N; done += groups {
		if memtable > 0 {
			o.db = openOrdered(b, memtable)
		}
		before := ownCPU()
		b.StartTimer()
		err := o.put(min(groups, b.N-done))
		b.StopTimer()
		cpu += ownCPU() - before
		if o.db != nil {
			err = errors.Join(err, o.db.Close())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	entries := float64(b.N * o.group)
	b.ReportMetric(entries/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(cpu.Nanoseconds())/1e3/entries, "cpu-us/entry")
	b.ReportMetric(0, "ns/op")
}

// put logs and inserts groups.
func (o *ordered) put(groups int) error {
	var inserted error
	logged := make(chan int, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for g := range logged {
			if o.db != nil && inserted == nil {
				inserted = o.insert(g)
			}
		}
	})
	var err error
	for g := 0; g < groups && err == nil; g++ {
		if o.log != nil {
			b := newFloorBatch()
			for i := range o.group {
				b.buf = append(b.buf, o.entry(g*o.group+i)...)
			}
			b.sum()
			err = o.log.write([]*floorBatch{b})
			floorBatches.Put(b)
		}
		logged <- g
	}
	close(logged)
	wg.Wait()
	return errors.Join(err, inserted)
}

func (o *ordered) entry(n int) []byte {
	at := n * 7919 % (len(o.noise) - o.size)
	return o.noise[at : at+o.size]
}

// insert has the keys of a queue's entries: ascending, 18 bytes.
func (o *ordered) insert(group int) error {
	batch := o.db.NewBatchWithSize(o.group * (o.size + 32))
	key := [18]byte{0: 'm'}
	for i := range o.group {
		n := group*o.group + i
		binary.BigEndian.PutUint64(key[10:], uint64(n))
		if err := batch.Set(key[:], o.entry(n), nil); err != nil {
			return err
		}
	}
	return batch.Commit(pebble.NoSync)
}

func openOrdered(b *testing.B, memtable int) *pebble.DB {
	o := &pebble.Options{
		FS: pieceFS{vfs.Default}, DisableWAL: true, FormatMajorVersion: pebble.FormatTableFormatV6,
		MemTableSize: uint64(memtable), MemTableStopWritesThreshold: 4,
		L0CompactionThreshold: 8, L0StopWritesThreshold: 32, LBaseMaxBytes: 64 << 20, FlushSplitBytes: 64 << 20,
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 }, Logger: quietLogger{},
	}
	for i := range o.TargetFileSizes {
		o.TargetFileSizes[i] = 16 << 20
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	db, err := pebble.Open(b.TempDir(), o)
	if err != nil {
		b.Fatal(err)
	}
	return db
}

type quietLogger struct{}

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}
func (quietLogger) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

// A pieceFS has tables written in large pieces, as the store has them.
type pieceFS struct{ vfs.FS }

func (fs pieceFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".sst") {
		return f, err
	}
	return &pieceFile{File: f}, nil
}

type pieceFile struct {
	vfs.File
	buf []byte
}

func (f *pieceFile) Write(p []byte) (int, error) {
	if f.buf = append(f.buf, p...); len(f.buf) < 256<<10 {
		return len(p), nil
	}
	return len(p), f.flush()
}

func (f *pieceFile) flush() error {
	_, err := f.File.Write(f.buf)
	f.buf = f.buf[:0]
	return err
}

func (f *pieceFile) Sync() error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *pieceFile) SyncData() error { return f.Sync() }

func (f *pieceFile) Close() error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Close()
}
