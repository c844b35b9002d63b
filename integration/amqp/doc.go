// Package amqp has one list of behaviours of AMQP 0-9-1 and RabbitMQ's
// extensions, and runs it with each of the clients that people use, unmodified.
// A behaviour is a function over a connection (cell_test.go); a client is a small
// driver in its own language that does what lines on its standard input say
// (package driver), so a behaviour is written once.
//
//	client                    driver              what is installed
//	amqp091-go                clients/amqp091go   go.mod
//	pika                      clients/pika        .ci/requirements.txt
//	amqplib (Node)            clients/amqplib     its package-lock.json
//	com.rabbitmq:amqp-client  clients/java        its pom.xml
//
// A request is {"n", "op", "c": connection, "ch": channel, ...}; its answer has
// the same n and, if it failed, "error" and the reply code that the broker gave,
// if any. Lines without n are events of a connection or channel:
//
//	delivery   consumer, message       cancelled  consumer, by the broker
//	returned   code, text, message     blocked, unblocked
//	closed     code, text: of a channel or, without ch, of the connection
//
//	op          fields                                            answers when
//	connect     host port user password vhost ca cert certKey     connection.open-ok; ca (a file): TLS; without user: EXTERNAL
//	updateSecret  secret                                          update-secret-ok
//	close                                                         connection.close-ok
//	channel     confirm                                           channel.open-ok (confirm.select-ok)
//	closeChannel
//	exchange    name kind durable autoDelete internal passive args
//	deleteExchange name ifUnused       bindExchange name(destination) source key args
//	queue       name durable exclusive autoDelete passive args    name, messages, consumers
//	deleteQueue name ifUnused ifEmpty  purge name                 messages
//	bind, unbind name exchange key args
//	publish     exchange key mandatory message                    ack, with confirms; else when it is written
//	get         name noAck                                        message, or none
//	consume     name consumer noAck exclusive args                consume-ok
//	cancel      consumer
//	ack, nack, reject  tag multiple requeue                       when it is written
//	qos         count global           recover requeue
//	tx, commit, rollback
//
// TestMatrix ends with a table of behaviour by client; an empty cell fails, and
// what a client cannot do is in clients_test.go, with the reason. With
// SLIPWAY_TEST_AMQP=user:password@host:port the broker is another one, already
// running: every behaviour holds on RabbitMQ 3.10 too.
//
// TestExternal has clients log in by certificate (SASL EXTERNAL) and renew secrets.
//
// TestModule runs the integration tests that amqp091-go carries in its own
// module, with the product announced as RabbitMQ and the management API on 15672;
// testdata/module_exceptions.txt has those left out, with the reason.
package amqp
