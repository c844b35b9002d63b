// Package doortest opens one protocol's door on a broker, for the tests of
// that protocol; nothing that ships imports it.
//
//	Open          a broker on a store, a server, a listener of TCP or of net.Pipe
//	Gated         a store whose durable batches wait: no answer may come before them
//	CutsStalled   what is wanted of a door whose client does not read
//
// The clock is the runtime's, which testing/synctest fakes; net.Pipe is what a
// connection in fake time is made of, because a goroutine that waits for a
// socket keeps a bubble from being idle.
package doortest
