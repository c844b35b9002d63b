// Package protocols is what every door stands on: it listens, accepts, counts,
// limits, lists and closes connections, reads from them without holding a
// buffer while they are idle, and writes to them without ever blocking the one
// who has something to say. It knows no protocol and nothing of the core.
//
// # The model
//
// A Server owns listeners and connections. Each accepted connection gets one
// goroutine, a Conn and a context, and is given to the Handler of its listener.
// The handler calls Conn.ReadLoop, which hands it the bytes as they come;
// replies and deliveries are appended to Conn.Out, an Output that any goroutine
// may use. Replies wait in memory until the input is drained, then one write
// sends them all; a goroutine that writes exists only while the socket refuses
// to take more (or is not a plain TCP socket).
//
// # How to add a protocol
//
//  1. Write a package protocols/<name> with a type that has
//     Serve(ctx context.Context, c *protocols.Conn).
//  2. In Serve, call c.ReadLoop(consume). consume gets every byte exactly once
//     and must take all of them: what is half a frame it keeps itself (see
//     protocols/mqtt/wire.Reader). The slice is only lent for the call. What is to
//     happen once for all that came together, c.AfterInput is told.
//  3. Call c.Established(client, user) when the client has proved who it is:
//     until then the handshake timeout runs. Call c.SetIdle for a keep-alive.
//  4. Append replies with c.Out.Encode(protocols.Must, ...). Before taking the
//     next delivery from the core ask c.Out.Full(); after it said true, the
//     function given to c.Out.OnWritable is called once there is room again.
//  5. When ReadLoop returns, say goodbye if the protocol has a way to (the error
//     tells why: ErrDraining, an administrator's reason, ErrIdle, io.EOF ...),
//     tell the operator if CutFor says so, and return. The server flushes, lingers for the goodbye and closes. A
//     handler that still has confirmations to send while draining may call
//     ReadLoop again: it goes on reading until the drain's deadline.
//  6. In cmd/slipway (wire_doors.go) add a line to the table of streams, and in
//     config one to Doors. That opens the plain and the TLS listeners, and the
//     door behind every WebSocket listener.
//  7. Over WebSocket bytes are a stream all the same, unless the door's line says
//     Messages: then what one call of Encode, EncodeWithBody or EncodeAround
//     appends is one message.
//  8. Where a client may log in without a password (SASL EXTERNAL), ask
//     c.Identity(): the user that its verified certificate names.
//
// # Support
//
//	accept loop, back-off on errors        yes (accept.go)
//	limits before authentication           connections in all, per address, handshake timeout (accept.go)
//	registry: list, close one, close all   yes (registry.go)
//	graceful drain                         yes (server.go)
//	panic of one connection                logged, counted, the others live (server.go)
//	idle plain connection                  one goroutine, no buffer (read.go, read_unix.go)
//	bounded output, stall cut              yes (output.go, flush.go)
//	a flood slowed to who reads it         where the door asks for it (catchup.go): MQTT's
//	TLS 1.2, 1.3; SNI; client certificates yes, taken up when they change (certificates.go, transport.go)
//	PROXY protocol 1, 2                    from configured addresses (proxyheader.go, transport.go)
//	WebSocket                              Transport.Upgrade, which package ws has; messages as frames (flush.go)
//	the same for net/http's servers        Transport.Prepared (prepared.go)
//	rate limits                            absent
//
// # Not obvious
//
//   - Two marks bound an Output. Up to Limit everything is taken. Over it May
//     frames (QoS 0) are dropped and counted, and Full says true, so deliveries
//     stop. Must frames (acknowledgements, replies) are still taken, because
//     they answer what was read; over twice Limit the connection's own reading
//     stops instead, so a client that never reads its acknowledgements is held
//     by TCP and is cut when nothing moved for Stall.
//   - From half of Limit on an Output is Behind: a door that can hold back what
//     fills it may call CatchUp, which waits for a client that reads, for a tenth
//     of a second, and not again soon for one that does not (catchup.go).
//   - A client that never reads is cut only if bytes that must be sent wait for
//     it. QoS 0 alone never costs anybody a connection.
//   - Four ways to flush: Batch for the outputs that one reader dirtied, Due for
//     a caller who is told by each append whether a flush is now his to do,
//     FlushSoon for one who must not pay for the write at all, and FlushNow for one
//     who may pay for a small one.
//   - A door that receives a large body says where the rest of it goes (Landing): it is
//     read there, and no more than 4.5 KiB behind it into the common buffer.
//   - A body of 8 KiB or more is queued by reference: the core's bodies are
//     immutable, and 1,000 slow subscribers of one large message hold it once.
//   - What lies between socket and protocol (PROXY header, TLS, WebSocket) is done in the
//     connection's own goroutine, after the limits and under the deadline of the
//     handshake. Only signing with the server's key is bounded across
//     connections: it is what a storm of handshakes costs, and it waits for nobody.
//   - A listener that lets in everybody since only this machine reaches it
//     (Transport.LocalOnly) closes a connection of which a proxy says that it is
//     from elsewhere, or does not say.
//   - Deadlines are moved at most once a second, so an idle time may be noticed
//     up to a second late, never early.
//   - After a Read filled its buffer the loop reads again before it flushes, but
//     never more than four times: acknowledgements do not starve behind a fast
//     publisher.
//   - After the goodbye the socket is half closed and what the client still
//     sends is thrown away for a moment; else the reset that answers unread
//     bytes could destroy the goodbye on its way.
package protocols
