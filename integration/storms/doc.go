// Package storms does to the broker what clients do on a bad day, and wants
// everybody else not to notice.
//
//	half-open connections      stop within TLS's or HTTP's handshake, within the login, or      half_open_test.go
//	                           fall silent before it or after: every door; MQTT, AMQP and
//	                           STOMP over TCP, TLS, ws and wss
//	a connection storm         clients of the stream doors connect, work and go, all at once     connections_test.go
//	a takeover storm           twenty clients under one id, messages coming all the while       takeover_test.go
//	a subscription storm       thousands of filters come and go, a steady flow beside           subscriptions_test.go
//	a queue deleted            under its long polls and senders                                 deleted_queue_test.go
//	                           under consumers and publishers of every door                     deleted_doors_test.go
//	AMQP, half-open HTTP       the same of connections, of consumers and bindings, of a queue   amqp_test.go
//
// The storms and the deletions go over TCP, TLS, ws and wss.
//
// SIGTERM under load, kill -9 and a full disk are in package crash; stuck
// consumers and idle long polls in bounds; jumps of the clock in core and
// cmd/slipway; a wrong configuration reloaded in transport and cmd/slipway.
package storms
