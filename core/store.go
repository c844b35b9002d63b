package core

// A Store keeps one shard of the key space: an ordered map of byte strings
// with atomic batches. The core owns every key and value; a store knows
// neither. Implementations live under core/store and all pass
// core/store/storetest.
//
// One goroutine, the committer, calls Apply. Get, Scan and Room may be called
// from any goroutine while an Apply is under way and see either all of a
// batch or nothing of it.
type Store interface {
	// NewBatch returns an empty batch. It is used by one goroutine and is
	// spent once applied or closed.
	NewBatch() Batch

	// Apply makes every operation of the batch visible, all or nothing, in
	// the order they were called, and after every batch applied before.
	// It returns when the batch is as durable as asked. An error from Apply
	// is final: what is on stable storage is unknown, the store refuses
	// further batches, and the process must stop and recover.
	Apply(Batch, Durability) error

	// Get calls f with the value under key and reports whether there is one.
	// The value is valid only inside f, whose error is passed on.
	Get(key []byte, f func(val []byte) error) (bool, error)

	// Scan calls f for each key in [lo, hi) in order, or in reverse order,
	// until f returns false. It sees the store as it was when Scan began.
	// Key and value are valid only inside the call of f.
	Scan(lo, hi []byte, reverse bool, f func(key, val []byte) bool) error

	// Room reports whether there is space for new messages. It turns false
	// below the low-space watermark, where what frees space (settlements,
	// deletions) is still applied, and true again once space has returned.
	Room() bool

	// Epoch identifies who owns the shard; constant while embedded.
	Epoch() uint64

	// Lost is closed when the shard has another owner. Never, embedded.
	Lost() <-chan struct{}

	// Close releases the store. Everything applied, Lazy and Local too, is
	// durable when it returns nil.
	Close() error
}

// An Overlapping is a Store that can let its caller work while the disk does.
type Overlapping interface {
	Store
	// ApplyBeside is Apply and calls f, once, before it returns nil: while it waits
	// for the disk, if it has to. With an error f may not have been called.
	ApplyBeside(b Batch, d Durability, f func()) error
}

// A Batch collects operations for one Apply. Keys and values are copied, so
// the caller may reuse them at once, but for one:
type Batch interface {
	Set(key, val []byte)
	// SetJoined is Set of the value that is head with tail behind it: who has
	// them apart, such as a large body and what is stored in front of it, need
	// not copy them together first. The tail stays the caller's and must not change
	// before the batch was applied or closed: a store need not copy it at all.
	SetJoined(key, head, tail []byte)
	Delete(key []byte)
	// DeleteRange deletes every key in [lo, hi).
	DeleteRange(lo, hi []byte)
	// Release subtracts one from the reference count that the value under
	// key begins with (big-endian uint32) and deletes the key when that
	// reaches zero. It never reads. A value released as often as its count
	// says in one batch with its Set is simply not there afterwards.
	// A key that is released is Set once in its life: what is left of it is
	// deleted by the store, some time later.
	Release(key []byte)
	// Len is the encoded size so far, in bytes.
	Len() int
	// Close drops a batch that will not be applied. Closing an applied batch
	// does nothing.
	Close()
}

// Durability is what Apply has done when it returns.
type Durability uint8

const (
	// Local is visible to readers and may be gone after a crash. It is for
	// what a restart throws away anyway and is never replicated.
	Local Durability = iota
	// Lazy is visible and becomes durable with the next Durable batch.
	// The committer sees to it that one follows within 10 ms.
	Lazy
	// Durable is on stable storage, with everything applied before it.
	Durable
)
