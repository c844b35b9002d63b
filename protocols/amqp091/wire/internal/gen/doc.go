// Command gen writes zmethods.go and zcodes.go of package wire from the table
// of the protocol's classes, methods and reply codes in spec.txt: facts of
// AMQP 0-9-1 and of RabbitMQ's additions to it. go generate runs it.
//
//	class NAME ID
//	  method NAME ID [hand] FIELD:TYPE ...     hand: its codec is written by hand
//	code NAME NUMBER soft|hard
//
// A type is octet, short, long, longlong, shortstr, longstr, table or bit.
package main
