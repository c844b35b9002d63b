// Pahogolang drives github.com/eclipse/paho.golang, MQTT 5, by lines; see
// package line. It connects with autopaho, so that reconnecting and resending
// are the library's own.
package main
