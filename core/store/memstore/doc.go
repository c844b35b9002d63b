// Package memstore keeps a shard of the core in memory, for tests and for a
// broker that may forget (`--memory`).
//
// The keys are in a treap whose nodes are never changed once readers can see
// them: Apply builds the next version beside the current one, copying the path
// to what it touches, and publishes it with one atomic store. A reader takes
// the root it finds and so sees all of a batch or nothing, without a lock, for
// as long as it likes.
//
//	Set, Delete, DeleteRange, Release   yes
//	Local, Lazy, Durable                alike: nothing outlives the process
//	Room                                false above Options.MaxBytes
//	Epoch, Lost                         constant, never
package memstore
