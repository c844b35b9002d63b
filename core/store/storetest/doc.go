// Package storetest is the contract of core.Store, as tests and as numbers.
//
// Run is the contract test that every store passes, one file per promise of
// the interface: batches, release, scans, durability, readers, and a random
// history compared with a model in a map.
//
// Measure is the benchmark: groups like the broker's, an entry for each message
// and one head record for the queue, made durable by a small group committer,
// once through a store and once through RawLog, which is the least that a
// group commit can cost: one write, one fdatasync. What is reported is their
// ratio on the same disk in the same minute; absolute numbers are the disk's.
// The program under storebench prints the table.
//
// Troubled is a store in front of another whose disk can be full, slow or broken: for
// the tests of the core and its doors.
package storetest
