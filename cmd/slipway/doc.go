// Slipway is a message broker with many doors: MQTT, SQS and SNS clients put
// into and take from the same queues and topics.
//
//	slipway [serve] [flags]          run the broker
//	slipway check-config [FILE]      say all that is wrong with a configuration
//	slipway check DIR                verify a data directory that no process uses
//	slipway hash-password [--scram]  read a password, print its argon2id hash (SCRAM verifier)
//	slipway cert [flags] [HOST...]   make a local CA and a certificate of it, to try TLS out
//	slipway healthcheck [flags]      ask a running broker whether it is well
//	slipway version                  print version, revision and Go release
//
// Flags of serve; each wins over its environment variable and the file:
//
//	--config FILE            the configuration (also SLIPWAY_CONFIG)
//	--data DIR               data_dir
//	--memory                 memory: keep nothing on disk
//	--mqtt-listen LIST       mqtt.listen
//	--amqp-listen LIST       amqp.listen
//	--stomp-listen LIST      stomp.listen
//	--websocket-listen LIST  websocket.listen
//	--aws-listen LIST        aws.listen
//	--admin-listen LIST      admin.listen
//	--log-level LEVEL        log.level
//	--log-format FORMAT      log.format
//
// SIGTERM and SIGINT drain: stop accepting, finish what is being confirmed,
// close sessions and the store. A second one ends the process at once. SIGHUP
// reads the configuration and the certificates again, if there is a file of the
// one or a TLS listener: users and the log's level change under way, what else is
// new is named in the log and waits for the next start (reload.go). What is wrong
// changes nothing, and is said with its line.
//
// Exit codes:
//
//	0  all went well; for serve: stopped by SIGTERM or SIGINT, and drained
//	1  failed while running: the store cannot write, a drain that took too long,
//	   a broker that is not well
//	2  the command line is wrong
//	3  the configuration is wrong
//	4  the data directory is refused: in use, damaged, or of a newer version
//	5  an address cannot be listened on
//
// This package is the only one that knows all others. main.go calls run
// (run.go), which dispatches from one table to a file per command. serve.go
// builds up and takes down, with a file for each part:
//
//	wire_store.go        the store on disk or in memory; world, what a test replaces
//	wire_memory.go       who gets what of limits.memory_budget; GOMEMLIMIT
//	wire_definitions.go  namespaces, queues, topics, routes and aliases of the configuration
//	wire_listeners.go    addresses, and the certificates that they show
//	reload.go            what is read again, and when
//	wire_doors.go        the table of doors, the admin door, the drain; wire_mqtt,
//	                     wire_websocket, wire_aws, wire_http
//	clock.go             core's time, which no setting of the wall clock moves
//
// Start: addresses, store, core, definitions, doors. Stop: waiting polls end,
// the doors of clients finish what is under way, core, admin door, store. A
// failed write ends the process at once.
//
//	command          state
//	serve            here; at SIGHUP users, log.level and certificates are taken up
//	check            here
//	bench, import,   absent
//	drain
package main
