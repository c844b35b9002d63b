// Package diskstore keeps a shard of the core on one disk: a core.Store of a log
// of groups and, behind it, pebble, which nothing outside core/store knows about.
//
// A directory holds
//
//	FORMAT   which layout this is and whether its creation was finished
//	LOCK     held by the one process that has the store open
//	SYNCED   the number of the last group known to be on stable storage
//	BALLAST  space given back when the disk is nearly full
//	log/     the groups that are not in tables yet, and large values (grouplog)
//	db/      pebble, which keeps no log of its own: tables, manifests
//
// Every batch applied is a group and carries the next group number. It is written
// to log/, where a sync makes it durable, and put into pebble's memtable, where
// readers see it, perhaps a moment before it is durable. Memtables become tables in
// the background, and the part of the log that they had is written over. A sync is
// all that a confirmation waits for: with pebble's own log each waited for two
// hand-offs to pebble's goroutine as well, and for the memtable.
//
// # What recovery relies on
//
//  1. The tables have exactly the groups 1..n. A batch goes into one memtable
//     whole, memtables become tables whole and in order, and pebble's manifest is
//     synced behind the tables it names. n is read from the tables alone: every
//     batch writes its number under groupKey through a merge operator that joins
//     adjacent ranges, so what is read is the one range 1..n or it has a hole, and
//     a group put in twice is as much an error as one left out. (A Release put in
//     twice would be a loss.)
//  2. A group is in the log, all of it, before it is in a memtable. So the tables
//     may have groups that the log lost, never synced, but none that has a hole
//     before it: recovery goes on behind the tables' n, and numbers do, too.
//  3. The log has the groups n+1..m that follow the tables, and m is not below what
//     SYNCED, or any record of the log, says was on stable storage. A part of the log
//     is used again only when the tables have it: n is read for that from what is
//     on stable storage, never guessed. (More in grouplog's doc.go.)
//  4. Replaying puts n+1..m, and nothing else, into tables, and has what a file of
//     the log had there before it removes that file. Cut short anywhere, it is begun
//     again from where the tables then are. So it needs the space of one file.
//  5. A new log begins at each Open, after the old one was removed, or tables say, on
//     stable storage, that it is over (overKey). So what lay behind a torn record
//     cannot come back when its number is given again.
//
// # Large values stay in the log
//
// A value of 4 KiB or more that a Durable batch sets is not copied into a memtable:
// tables have a reference to it (ref.go), the log keeps it. Nor is it copied on its
// way there: a batch has a place for the reference, and the log is given what the
// caller has (draft.go). Most bodies are settled
// before the log has gone round, and are then written once and never again. A part
// of the log that is referred to is kept until Options.Kept newer ones are, too;
// then the values that are still there are put into the memtable, whole (kept.go).
//
//  6. A reference is put into a memtable when the record is on stable storage. So no
//     table refers to what a power cut takes. Values that are not synced, of Lazy and
//     Local batches, are in tables as they are. A replay knows from 3 what was synced:
//     that it can read a record does not say so.
//  7. A part of the log that was referred to is used again when its values were
//     moved, the tables have a group that came after that, on stable storage, and
//     nobody reads who began before (readers.go). What was deleted by then is not
//     moved; that group is proof that the deletion is in tables as well.
//  8. The tables name each group that they may refer to (names.go), and the part of
//     the log that it is in, in the same batch as the references; what moves the last
//     value of a part takes the names away. Open refuses a store whose log lacks one.
//  9. Open keeps the files of the log that are named (recover.go), of a log that is
//     over as of the one that it finds, removes the others, and has their values in
//     the order of being moved like those of its own log, which is numbered on above
//     them. So a start writes no large value, however many there are.
//
// Moving changes nothing that a reader can see, so it is no group. It happens in
// Apply, where nothing else is written meanwhile, a little with each batch; and in
// Open, if starts that soon end again leave more and more parts.
//
// Open reads the log, and the tables' n from the directory opened read-only, before
// it changes anything: a store which is refused has not been touched. With the
// checksums of the log and of pebble a damaged store is refused or right; a group
// that was never synced may be missing, as it may after any crash.
//
// The log stays bounded. Memtables fill about as fast as it does, and pebble has
// writers wait when there are memTables of them; where that is not enough (groups
// that are hardly more than their number), the log asks for a flush. So there are
// at most some memTables+2 files of a memtable's size each, all of it read and most
// of it replayed after a crash, and as many as Options.Kept with large values, which
// are read. Closing replays nothing and so leaves as much.
//
// A write or sync error is fail-stop. The first one is kept, Options.Fatal is
// called with it (and ends the process), and every later Apply returns it. An
// fsync is never tried again: its pages may be gone from the cache.
//
// What is here:
//
//	Set, Delete, DeleteRange, Release   yes; Release is a merge, never a read
//	Local, Lazy                         written to the log at once, not synced
//	Durable                             one fdatasync a group, the disk told to begin before others are told of it
//	Room, watermark, ballast            yes; probed by a goroutine, no call a message
//	Check                               everything read, nothing written
//	a deep sequence of keys             its middle is left alone by compactions (runs.go)
//	large values                        in the log, as long as that is young; then in tables
//	a directory of version 1 to 3       read, and of version 4 from then on (format.go)
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
