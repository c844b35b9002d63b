// Storebench prints how fast the store on disk is beside a raw group-fsync
// log on the same disk: medians of interleaved runs.
//
//	go run ./core/store/storetest/storebench -dir /path/on/the/disk
package main
