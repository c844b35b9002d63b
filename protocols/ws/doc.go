// Package ws is WebSocket (RFC 6455) as a transport: it turns a connection that
// begins with an HTTP request into a net.Conn of the bytes that its messages
// hold, and says which door the client wants. It knows no protocol, and none
// knows of it.
//
// # The model
//
// protocols gives each connection of a WebSocket listener to Upgrader.Upgrade,
// in the connection's own goroutine, after the limits on connections, behind
// PROXY header and TLS, under the deadline of the handshake. So nothing here
// listens, counts or times out.
//
// The door is that of the subprotocol which the client names; else that of the
// path (/mqtt); else the one that knows the first bytes.
//
// gorilla/websocket answers the handshake and writes frames. Frames are read
// here (frames.go), since an error of gorilla's reader is final, also when it is
// the deadline by which protocols wakes a reader that is to say goodbye and read
// on; and so that an idle connection needs neither a second goroutine nor a
// buffer. The tests read with gorilla what we write, and write with it what we
// read.
//
// # Support
//
//	handshake (4.2)                 yes; version 13, GET, HTTP/1.1; request of 8 KiB at most
//	origin (4.2.2, 10.2)            Config.Refuse
//	subprotocols                    the first of the client's that a door has
//	extensions (9)                  none: compression of what others may influence gives secrets away
//	fragmented messages             both ways
//	text                            Door.Messages only; else close code 1003. Whether it is UTF-8 is the door's to find
//	ping, pong (5.5.2)              answered; own pings to who is silent; one who answers none is cut
//	close (7)                       answered; codes of ours: Config.CloseCode, 1002, 1003, 1009
//	limit of a message              Config.MaxMessage: 1009
//	other requests                  404, 426, 403 in text
//	HTTP/2, HTTP/3 (RFC 8441)       absent
package ws
