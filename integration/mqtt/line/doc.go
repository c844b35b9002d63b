// Package line is how a suite speaks with a client's driver: one JSON object a
// line. The suite writes requests to the driver's standard input, the driver
// writes answers and received messages to its standard output, and ends when
// its input does. Each request gets one answer with its number, when the client
// library says that it is done: a publish with QoS 1 when it is acknowledged.
//
//	op          fields                                   done when
//	connect     c host port version id clean expiry      CONNACK; error if it refuses
//	            user password reconnect receive will
//	subscribe   c filters, subid                         SUBACK
//	publish     c message                                sent, acknowledged or completed, by its QoS
//	burst       c message count                          so for "0", "1", ... as payloads
//	disconnect  c, expiry if not null                    DISCONNECT is sent
//
// c names a connection. A line from the driver with a message is one that c
// received. Payloads and correlation data are base64.
//
// Go's drivers use Serve; those in other languages are about as long as the
// table above.
package line
