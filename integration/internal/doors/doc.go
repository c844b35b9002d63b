// Package doors does one thing through every door, with the client library that
// people use there: put a message into a queue so that the broker confirms it,
// and take one out. So a bad day is written once and happens to all of them.
//
//	door    put is confirmed by                      take settles by        library
//	mqtt    PUBACK                                   PUBACK                 paho.mqtt.golang, $queue/<name>
//	amqp    a publisher confirm                      basic.ack              amqp091-go
//	stomp   RECEIPT                                  ACK                    go-stomp
//	sqs     the answer of SendMessage                DeleteMessage          aws-sdk-go-v2
//	sns     the answer of Publish, to a topic that   as sqs                 aws-sdk-go-v2
//	        the queue subscribes to
//
// Those of the three with a connection come over TCP, TLS, ws and wss (Everywhere).
// What no library does on purpose (fall silent, never read) is said in the bytes
// of raw.go, over the connections of wire.go: TCP, TLS, ws and wss.
package doors
