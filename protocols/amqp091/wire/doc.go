// Package wire is the bytes of AMQP 0-9-1: frames, methods, content headers,
// field tables and reply codes. It holds no state of a connection but half a
// frame, and knows nothing of the core.
//
// # The model
//
// A Reader cuts a stream into frames without copying what lies whole in the
// buffer that it is given. A method frame is a MethodID and arguments, which
// the struct of its name decodes; Append of the same struct appends a whole
// frame. Structs, codecs and codes are generated (internal/gen) from a table;
// basic.publish and basic.deliver, of which there are most, are written by hand
// (content.go). A Table is its own bytes: looking at it allocates nothing.
//
// # Files
//
//	frame          frames and the Reader
//	method cursor  method ids, arguments; zmethods.go: all of them
//	content        publish, deliver, content header and body frames
//	properties     the fourteen properties of basic
//	table value    field tables
//	errors         reply codes and *Error; zcodes.go: all of them
//
// # Limits
//
//	frame       Reader.Max, judged by the frame's head before anything is kept
//	half frame  grows with the bytes that came, never by the length that was said
//	table       maxDepth nested, maxValues in all (table.go)
//
// # Support
//
//	classes connection, channel, exchange, queue, basic, confirm, tx   yes
//	RabbitMQ's methods: blocked, update-secret, exchange.bind, nack    yes
//	classes access, file, stream, tunnel                               no, as RabbitMQ
//	field types                                                        t b B s u I i l L f d D S x A T F V, as RabbitMQ reads them
//	AMQP 1.0                                                           no; its header is told apart
package wire
