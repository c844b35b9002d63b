// Package transport drives what lies between the socket and every protocol with
// programs that know nothing of it: certificates with mosquitto's tools, a
// certificate that changes while clients are connected, certificates as users over
// TLS and wss with the client libraries of Go, and HAProxy, which says
// by the PROXY protocol where they are.
//
// TLS and WebSocket as such are where the clients are: mqtt/, browser/.
package transport
