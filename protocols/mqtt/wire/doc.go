// Package wire turns bytes into MQTT packets and back, for MQTT 3.1, 3.1.1 and 5.
// It holds no connection state but what a half-received packet needs, and it is
// the only package that knows the codec of github.com/mochi-mqtt/server/v2.
//
// # The model
//
// A Reader is fed the bytes of a connection as they come and cuts them into
// Frames. A frame's first byte and its length are judged the moment they are
// there, so nothing is stored for what will be refused. DecodePublish and
// DecodeAck are written by hand, borrow the frame's bytes and allocate nothing;
// the other packets are rare, so they are checked here and then decoded by
// mochi's packets.Packet. The Append functions add one packet to a slice. The
// version is a value: no function exists twice.
//
// Every refusal is an *Error with the reason code to answer and the clause that
// was broken. Clauses are numbered as in MQTT 5; 3.1.1 has nearly all of them
// too, often under another number.
//
// # Support
//
//	packet        from a client             to a client
//	CONNECT       DecodeConnect (mochi)     -
//	CONNACK       refused                   AppendConnack (mochi)
//	PUBLISH       DecodePublish             AppendPublish, AppendPublishHead
//	PUBACK-COMP   DecodeAck                 AppendAck
//	SUBSCRIBE     DecodeSubscribe (mochi)   -
//	SUBACK        refused                   AppendSuback (mochi)
//	UNSUBSCRIBE   DecodeUnsubscribe (mochi) -
//	UNSUBACK      refused                   AppendUnsuback (mochi)
//	PINGREQ       DecodePingreq             -
//	PINGRESP      refused                   AppendPingresp
//	DISCONNECT    DecodeDisconnect (mochi)  AppendDisconnect (mochi)
//	AUTH          DecodeAuth (mochi)        AppendAuth (mochi)
//
// Absent: the payload is not compared with its Payload Format Indicator (a
// server may, 3.3.2.3.2).
//
// # What mochi's codec leaves to us
//
// It panics on a truncated SUBSCRIBE of version 5, so one place recovers
// (mochi.go); its strings alias the buffer, so it always gets a buffer of its
// own; and it does not check lengths after the last field, duplicate properties,
// property values, UTF-8 of user names, wildcards, packet id 0, reserved bits or
// reason codes, so those are checked before it is called. Its validators are not
// used: they refuse empty wills and empty passwords, which are legal. Properties
// of a PUBLISH or a will never go through it, because it cannot tell an expiry
// of 0 from none and loses the order of user properties among the others.
//
// # Not obvious
//
//   - Next always consumes the whole buffer it is given, unless it returns a
//     frame or an error. What is half received is copied, in steps that grow
//     with what has really arrived, never with what was announced.
//   - A frame's body is borrowed from the buffer if it was complete there, else
//     it is owned (Frame.Owned) and may be kept without a copy.
//   - Packets other than PUBLISH are limited to MaxControl, the property block of
//     those that mochi decodes to MaxProperties, and filters to MaxFilters in one
//     packet, because a decoded filter is twenty times its encoding.
//   - A version 3.1 CONNECT may set the flags for user name and password and end
//     before them; that specification says the length wins.
package wire
