package protocols

import "sync/atomic"

// Stats counts what happened since the server was made. Every field may be read
// at any time; they are not a consistent snapshot of each other.
type Stats struct {
	Open              atomic.Int64  // connections now, those in their handshake included
	Accepted          atomic.Uint64 // connections that were given to a handler
	RefusedTotal      atomic.Uint64 // closed at once: Config.MaxConns was reached
	RefusedAddress    atomic.Uint64 // closed at once: Config.MaxPerAddress was reached
	AcceptErrors      atomic.Uint64 // accept failed and was tried again
	HandshakeTimeouts atomic.Uint64 // did not authenticate in time
	HandshakesFailed  atomic.Uint64 // of PROXY protocol, TLS or WebSocket
	IdleTimeouts      atomic.Uint64 // sent nothing for longer than promised
	Stalled           atomic.Uint64 // cut: did not read what must be sent
	Panics            atomic.Uint64 // handlers that panicked
	DroppedFrames     atomic.Uint64 // May frames that found their output full or closed
	BytesIn           atomic.Uint64
	BytesOut          atomic.Uint64
	WriterStarts      atomic.Uint64 // times that a socket pushed back (or is no plain socket)
}
