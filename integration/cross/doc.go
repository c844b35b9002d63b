// Package cross publishes by every protocol and receives by every other, over
// queues and topics, and checks the table of DESIGN section 3: what each field is
// called on either side, what is lost, and that what is lost is counted.
//
// testdata/fields.tsv is the table: a field a row, a protocol a column. A cell is
// where that protocol puts the field, and its value: `place=value`; places are the
// peers' (peer_*_test.go), such as prop:content-type, user:colour, header:colour,
// attr:colour. `-` means that the protocol has no place for it; a cell that begins
// with `<` is received only, because a string that comes back stays a string. The
// value @60 is a time, 60 seconds from when it was sent, in the place's own unit.
//
// For each pair a message is published with all fields that the publisher can say
// (in groups, as SQS takes ten attributes), and received: each must be where the
// receiver's column says, or be counted as lost. Within one protocol the message
// must be just what it was.
//
//	peer    client                    publishes  receives
//	mqtt3   paho.mqtt.golang          yes        yes
//	mqtt5   paho.golang               yes        yes
//	amqp    amqp091-go                yes        yes
//	stomp   go-stomp, 1.2             yes        yes
//	sqs     aws-sdk-go-v2             yes        yes
//	sns     aws-sdk-go-v2             yes        as sqs, raw
//
// What becomes of a message is testdata/states.tsv: a delay that the publisher asks
// for (AMQP of an x-delayed-message exchange), and what the receiver is told of one
// that came back or is a dead letter. Cells
// that begin with `>` are sent only.
//
// Then the receiver publishes what it received, and the first publisher must find
// what it had said. Everything runs over TCP, TLS, WebSocket and both; TestReadme keeps
// the table in the README.
package cross
