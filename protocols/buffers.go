package protocols

import (
	"net"
	"sync"
)

const (
	readSize = 16 << 10 // bytes read at once from a readable connection
	// behindRoom is how much is read behind what goes straight into a body: so little
	// that most of the next body can go straight into its own, and so much that a
	// quarter of one of 16 KiB is there, from where on a door makes room for it all.
	behindRoom = 4<<10 + 512
	smallRead  = 2 << 10  // what a connection that cannot wait without a buffer keeps
	chunkSize  = 16 << 10 // an output's frames are appended to chunks of this size
	chunkRoom  = 512      // a chunk with less room is full: most frames are shorter
	byRefSize  = 8 << 10  // bodies from this size are queued by reference

	maxVectors = 64 // segments written in one call: some thirty such bodies and what is around them
)

var readPool = sync.Pool{New: func() any { return new([readSize]byte) }}

// A chunk is what frames are appended to. It is given back with the segment that
// is its last part.
type chunk [chunkSize]byte

var chunkPool = sync.Pool{New: func() any { return new(chunk) }}

// vectors are what one write of several segments needs.
type vectors struct {
	list [maxVectors][]byte
	rest net.Buffers // of list; still to be written
}

var vectorPool = sync.Pool{New: func() any { return new(vectors) }}
