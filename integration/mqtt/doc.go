// Package mqtt has one list of behaviours, and runs it with each of the clients
// that people use, in each version of MQTT that the client speaks. A behaviour
// is data: steps such as connect, subscribe, publish, receive, cut. A client is
// a small driver in its own language that does what lines on its standard input
// say (package line), so a behaviour is written once.
//
//	client                                    driver                  what is installed
//	mosquitto_pub, mosquitto_sub, mosquitto_rr  tools_test.go           mosquitto-clients
//	paho-mqtt (Python)                          clients/pahopython      .ci/requirements.txt
//	MQTT.js                                     clients/mqttjs          its package-lock.json
//	com.hivemq:hivemq-mqtt-client               clients/hivemq          its pom.xml
//	paho.golang                                 clients/pahogolang      go.mod
//	paho.mqtt.golang                            clients/pahomqttgolang  go.mod
//
// Each connection goes through a proxy of its own (wire_test.go), which can cut
// it, knows what CONNACK said, and shows every packet when a behaviour fails.
//
// TestMatrix ends with tables of behaviour by client; an empty cell fails, and
// what a client cannot do is in clients_test.go, with the reason.
// With
// SLIPWAY_TEST_MQTT=user:password@host:port the broker is another one, already
// running: what a behaviour says is right if it holds on Mosquitto too. (All do
// but two: Mosquitto 2.0.11 sends more QoS 2 messages at once than the receive
// maximum allows, or stops; and mosquitto_pub 5 that reconnects stops with it.)
//
// TestTransports runs the behaviours once more over TLS, WebSocket and both, in
// each client's latest version, with a CA and a certificate of `slipway cert`.
// The proxies see no packets there, so what is about packets is left out.
//
// TestBridge has a Mosquitto with a bridge connect, and wants the mosquitto of Debian.
//
// TestPahoBroker runs the broker tests that paho.mqtt.golang carries in its own
// module; testdata/paho_exceptions.txt has those left out, with the reason.
package mqtt
