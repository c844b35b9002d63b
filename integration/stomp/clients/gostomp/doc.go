// Gostomp drives go-stomp by lines; integration/stomp/doc.go has the protocol.
// Over WebSocket the library speaks through a stream of binary messages.
package main
