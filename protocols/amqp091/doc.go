// Package amqp091 is the door for AMQP 0-9-1. So far it is its codec alone,
// package wire.
//
// # Support
//
//	codec            yes (wire)
//	everything else  not yet
package amqp091
