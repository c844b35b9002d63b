// Pahomqttgolang drives github.com/eclipse/paho.mqtt.golang, MQTT 3.1 and 3.1.1,
// by lines; see package line.
package main
