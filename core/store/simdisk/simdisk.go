package simdisk

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore"
)

// ErrBroken is what a sync or write fails with after Break.
var ErrBroken = errors.New("simdisk: broken")

// A Disk holds one store.
type Disk struct {
	mem     *vfs.MemFS
	broken  atomic.Int32 // a Breakage
	onWrite func()       // nil or what OnWrite got
}

// A Breakage is what stops working.
type Breakage int32

// What can break.
const (
	Nothing Breakage = iota
	Syncs            // every fsync and fdatasync
	Writes           // every write and sync
)

// New returns an empty disk.
func New() *Disk { return &Disk{mem: vfs.NewCrashableMem()} }

// Dir is where Open has the store.
const Dir = "/store"

// Open opens the disk's store. Where o says nothing the sizes are small, so
// that little data makes many tables.
func (d *Disk) Open(o diskstore.Options) (*diskstore.Store, error) {
	o.FS = d.fs()
	if o.MemTable == 0 {
		o.MemTable = 256 << 10
	}
	if o.Cache == 0 {
		o.Cache = 1 << 20
	}
	if o.MinFree == 0 {
		o.MinFree = 1 << 20
	}
	if o.Ballast == 0 {
		o.Ballast = -1
	}
	return diskstore.Open(Dir, o)
}

// Check checks the disk's store.
func (d *Disk) Check() (diskstore.Report, error) {
	return diskstore.Check(Dir, diskstore.Options{FS: d.fs()})
}

func (d *Disk) fs() vfs.FS {
	return errorfs.Wrap(d.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if d.onWrite != nil && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			d.onWrite()
		}
		switch Breakage(d.broken.Load()) {
		case Syncs:
			if isSync(op.Kind) {
				return ErrBroken
			}
		case Writes:
			if isSync(op.Kind) || op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpFileWriteAt {
				return ErrBroken
			}
		}
		return nil
	}))
}

func isSync(k errorfs.OpKind) bool {
	return k == errorfs.OpFileSync || k == errorfs.OpFileSyncData || k == errorfs.OpFileSyncTo
}

// Break makes what b says fail from now on; Nothing mends it.
func (d *Disk) Break(b Breakage) { d.broken.Store(int32(b)) }

// OnWrite has f called before everything that changes the disk, on whatever
// goroutine does, so perhaps on several at once. It is for before Open.
func (d *Disk) OnWrite(f func()) { d.onWrite = f }

// SetFree sets the free space that the store is told about.
func (d *Disk) SetFree(bytes uint64) {
	d.mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: bytes, TotalBytes: bytes})
}

// PowerCut returns the disk as it would be found after losing power now: what
// was synced, and each unsynced block and directory entry with a chance of
// keptPercent. The disk itself goes on, for the broker that is still running.
func (d *Disk) PowerCut(keptPercent int, seed uint64) *Disk {
	cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: keptPercent, RNG: rand.New(rand.NewPCG(seed, 0))}
	return &Disk{mem: d.mem.CrashClone(cfg)}
}

// AckBeforeSync is s with a bug: it says Durable and syncs nothing.
func AckBeforeSync(s core.Store) core.Store { return ackBeforeSync{s} }

type ackBeforeSync struct{ core.Store }

func (s ackBeforeSync) Apply(b core.Batch, _ core.Durability) error {
	return s.Store.Apply(b, core.Lazy)
}
