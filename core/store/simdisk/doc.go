// Package simdisk is a disk in memory for tests of whole brokers: its power
// can be cut, its syncs can fail, and it can be full. What the store on it may
// count on after a power cut is only what was synced.
//
//	d := simdisk.New()
//	s, err := d.Open(diskstore.Options{})
//	...
//	d = d.PowerCut(50, seed) // at any moment, from any goroutine
//	s, err = d.Open(diskstore.Options{})
//
// OnWrite is told before each operation, so that the power can be cut at every one.
//
// AckBeforeSync is the planted bug that a test of power cuts must find.
package simdisk
