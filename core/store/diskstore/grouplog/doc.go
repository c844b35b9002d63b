// Package grouplog is the log in front of a database: numbered groups of bytes,
// appended to a few files that are written over and over again, as soon as the
// database says that it has them in files of its own and reads none of it here.
//
// It knows files, bytes and numbers. What is in a group, and what a group that
// was lost means, is the caller's business (core/store/diskstore).
//
// # On disk
//
// A directory has slots, named <life>-<n>: sixteen hexadecimal digits and the
// slot's number. A life is a random number that one Create drew: it begins every
// record, so nothing that another life left behind, and nothing that somebody put
// into a payload, is ever taken for a record of this one.
//
// A slot is records, one after the other from its beginning, then zeros or what
// is left of the records of its use before. A record is, big-endian,
//
//	life     8 bytes
//	group    uint64   its number
//	synced   uint64   the last group known to be on stable storage when it was written
//	length   uint32   of the payload
//	payload  uint32   crc32c of it
//	header   uint32   crc32c of the 32 bytes above
//	then the payload
//
// To change it, raise diskstore's formatVersion.
//
// # Invariants
//
//  1. Within a life each group is appended once, its number one above the one
//     before; Create begins above all that there was. So two records of one life
//     and number are one record, wherever they are found, and a record of a
//     slot's use before has a lower number than any of its use after.
//  2. A slot is used again only when the caller's files have all its groups
//     (Options.Flushed) and it is not kept for being read (Options.Keep). Its last
//     group is below every number that may be asked for then, so it does not matter
//     how much of its old records is left.
//  3. Before the first record of another slot is written, all of the slot before
//     is on stable storage. With 1: when Sync has returned, every group so far is
//     there, or in the caller's files.
//  4. A slot's directory entry is on stable storage before a record of it can be.
//  5. No error is tried again. After one from Append or Sync the Log is of no
//     further use: what is on the disk is for Find to say.
//  6. Create empties the directory, durably, before it makes a slot, but for slots
//     that the caller wants kept for ReadAt. Of their lives it knows, on stable
//     storage, that they are over, and tells Find so. So there are never two lives
//     that are not over, and what lay behind a torn record is gone, or passed over,
//     before its number is given again. Slots are numbered on above those kept.
//
// # Reading
//
// Find reads every byte of every slot. A record counts wherever it stands if both
// its checksums are right and its life is the file's: a torn or damaged one is
// passed over by looking for the next place where the life is spelt. Then it is
// numbers alone that decide: Found.Last is how far the groups above the caller's
// go without a gap. Found.Synced is the highest that any record, needed or not,
// says was on stable storage: if Last is below that, groups are lost that a Sync
// had returned for, and if not, what is missing is the tail that no Sync returned
// for. The last of all groups has no record after it: its witness has to be
// elsewhere (diskstore's SYNCED file).
//
// Groups of the caller's own are found as well (Found.Where, Earlier): it may have kept
// their slots for what is nowhere else. Of a life that is over there is nothing else,
// and what it says of syncs is not heard: its numbers may have been given again. Find
// and Earlier change nothing; Replay removes a slot that is not needed any more, if its
// caller says that it has what was in it.
//
// Memory is a window of 1 MiB, or one payload, whose length is believed only when
// its header's checksum is right and the file is long enough.
//
// What is here:
//
//	groups of any size         yes: one larger than a slot has a slot of its own, removed later
//	sync beside other work     Hurry has the disk begin; Sync waits, and is what counts
//	files written before       zeros are written ahead, 1 MiB at a time: fdatasync has no metadata to write
//	reading what was appended  ReadAt, by anybody, beside Append; also what a log before this one appended
//	several writers, compression    absent
package grouplog
