// Package diskstore keeps a shard of the core on one disk: a core.Store over
// pebble, which nothing outside core/store knows about.
//
// A directory holds
//
//	FORMAT   which layout this is and whether its creation was finished
//	LOCK     held by the one process that has the store open
//	SYNCED   the number of the last group known to be on stable storage
//	BALLAST  space given back when the disk is nearly full
//	db/      pebble: write-ahead logs, tables, manifests
//
// Every batch applied is a group and carries the next group number, written
// through a merge operator that joins adjacent ranges: what is read back at
// open is either the one range 1..n or it has a hole, wherever in the logs,
// tables or manifest the missing part was. n must not be below SYNCED. With
// the checksums of pebble this makes a damaged store refused or right; a
// group that was never synced may still be missing, as it may after any crash.
//
// Open first opens the directory read-only and looks at that number, so that
// a store which is refused has not been touched.
//
// A write or sync error is fail-stop. The first one is kept, Options.Fatal is
// called with it (and ends the process), and every later Apply returns it. An
// fsync is never tried again: its pages may be gone from the cache.
//
// What is here:
//
//	Set, Delete, DeleteRange, Release   yes; Release is a merge, never a read
//	Local, Lazy                         written to the log, not waited for
//	Durable                             one fdatasync a group
//	Room, watermark, ballast            yes; probed by a goroutine, no call a message
//	Check                               everything read, nothing written
//	Epoch, Lost                         constant, never: there is one owner
//	backup, several shards, encryption  absent
//
// Keys that begin with 0xFF are the store's own: they are neither found nor
// scanned, and setting one panics.
//
// A key that was released to zero is not there for readers from that batch on;
// the key itself goes when merging finds it at zero, by a Delete in a later
// batch. Hence the one rule for callers: a key that is released is Set once in
// its life, since that Delete would take a second Set with it.
package diskstore
