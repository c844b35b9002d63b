// Command amqp091go drives amqp091-go by lines; integration/amqp's doc.go has the
// protocol.
package main
