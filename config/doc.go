// Package config is the broker's configuration as plain data.
//
// A [Config] is put together from four layers, the later ones winning:
// defaults, one YAML file, environment variables, command-line flags. A list
// that a later layer sets replaces the earlier one whole. [Load] checks
// everything before it answers and reports all it found at once, each problem
// with the path of its key:
//
//	mqtt.listen[0]: "0.0.0.0:1883" is not a loopback address: ... (slipway.yaml, line 3)
//
// The file is walked against the types of this package first (tree.go). That
// finds unknown keys and values of a wrong kind with their line numbers, and
// what viper would let pass: unknown keys without a value, keys that differ
// in case only, the text of a number (account_id: 000000000000). Viper then
// merges the layers.
//
// An environment variable is SLIPWAY_ and the path in capitals, levels
// separated by "_": SLIPWAY_DATA_DIR, SLIPWAY_MQTT_LISTEN. Scalars and lists of
// text (separated by commas) can be set so; lists of sections cannot. An empty
// variable counts as unset. An unknown SLIPWAY_ variable is an error, except
// SLIPWAY_CONFIG (the file, read by cmd/slipway), SLIPWAY_TEST_* (left to
// tests) and the variables that Kubernetes makes for a Service called slipway.
//
// Nothing in this package opens a socket or a data directory, and it imports
// nothing of ours; only cmd/slipway imports it.
//
//	part                                                       state
//	doors mqtt, amqp, stomp, websocket, aws, admin             here
//	users, permissions, namespaces, routes, queues, topics,    here
//	  policies
//	TLS listeners of every door, proxy_protocol                here
//	YAML anchors and aliases, several documents in a file      absent: refused
//	change while running                                       Changed says what differs; cmd/slipway what of it needs a restart
//	formats other than YAML (JSON is YAML)                     absent
//
// The complete example, with every key and its default, is slipway.example.yaml
// ([Example]).
package config
