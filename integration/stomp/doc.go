// Package stomp has one list of behaviours, and runs it with each of the STOMP
// clients that people use, in each version that the client speaks, over TCP and,
// in the client's latest version, TLS and WebSocket with TLS. A behaviour is
// written once (behaviours_test.go); a client is a small driver in its own
// language that does what lines on its standard input say.
//
//	client                               driver              what is installed
//	go-stomp v3.1.5                      clients/gostomp     go.mod
//	stomp.py                             clients/stomppython .ci/requirements.txt
//	@stomp/stompjs                       clients/stompjs     its package-lock.json
//	Spring (spring-messaging, -websocket) clients/spring     its pom.xml
//
// # The protocol of drivers
//
// A request is an object on one line; c names a connection:
//
//	connect      transport (tcp, tls, wss), host, port, ca, user, password, version, send and receive (heart-beats in ms), headers
//	subscribe    id, destination, ack, headers
//	unsubscribe  id, headers
//	send         destination, headers, body (base64), receipt (wait for it), transaction
//	ack, nack    m (the number of the message), transaction
//	begin, commit, abort    transaction
//	disconnect   with a receipt
//	close        the behaviour is over; a driver that has nothing to do then may answer with an error
//
// Its answer has its n, and error where it failed; that of connect has CONNECTED's
// headers. What a connection gets comes without n: {c, m, headers, body}, counted by m from
// 1, or {c, closed: true, failure}, with the message of an ERROR frame where there was one.
//
// Each connection goes through a proxy of its own, which can fall silent.
//
// TestCommandLine drives the program that stomp.py brings. With
// SLIPWAY_TEST_STOMP=user:password@host:port the broker is another one, over TCP.
package stomp
