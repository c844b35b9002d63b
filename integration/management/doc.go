// Package management asks a live RabbitMQ, Debian's, and the built binary the same
// of their management APIs, side by side, and compares what they answer: status,
// content type, and the JSON, its keys, the types of its values, and the values.
//
// What is asked is data, testdata/*.txt, in order; what is known to differ stands
// there too, each with its reason. A difference that is not there fails, and so does
// one that is there and does not occur any more.
//
// It is skipped where there is no rabbitmq-server, but never in CI.
//
// # The tables
//
//	# text                       a comment
//	set NAME                     what follows are differences of a kind, for use below
//	everywhere                   what follows are differences of all requests
//	METHOD path [body]           a request, as the administrator root
//	@USER METHOD path [body]     as another, whose password is his name; @USER:PASSWORD; @- without any
//	! word ...                   a step of the clients (client_test.go)
//	  KIND place  reason         a difference of the request above, if it is indented
//	  use NAME place             all of a set, under that place
//
// In a path {connection} and {channel} are the names of those of the AMQP client,
// {node} is the node's. Kinds of differences:
//
//	status A/B       A is RabbitMQ's, B ours
//	content A/B      of content types; none: -
//	missing PLACE    RabbitMQ has it and we do not
//	extra PLACE      the other way round
//	type PLACE       the values are of two types
//	value PLACE      the values are two
//	order PLACE      lists of the same things, in another order; it need not be
//	any PLACE        the value is nobody's to compare (a time, a size); it need not differ
//	loose PLACE      nor is whether there is one (figures that lag, lists of ports)
//
// A place begins with $, the whole; .key leads into an object, [] into each of a
// list, [name] to one that only one of the two has. * stands for any one of them, **
// for any way.
package management
