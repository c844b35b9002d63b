package wire

import (
	"fmt"
	"slices"
)

// Version is the protocol level of CONNECT.
type Version byte

// The versions. The zero value stands for "no CONNECT yet".
const (
	V31  Version = 3
	V311 Version = 4
	V5   Version = 5
)

// Type is the packet type, the upper half of the first byte (2.1.2).
type Type byte

// The packet types.
const (
	CONNECT Type = iota + 1
	CONNACK
	PUBLISH
	PUBACK
	PUBREC
	PUBREL
	PUBCOMP
	SUBSCRIBE
	SUBACK
	UNSUBSCRIBE
	UNSUBACK
	PINGREQ
	PINGRESP
	DISCONNECT
	AUTH
	will // stands for the will properties of a CONNECT
)

var typeNames = [...]string{
	"RESERVED", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP",
	"SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH", "will",
}

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", byte(t))
}

// Code is a reason code (2.4).
type Code byte

// The reason codes. Success is also "normal disconnection" and "granted QoS 0".
const (
	Success                     Code = 0x00
	GrantedQoS1                 Code = 0x01
	GrantedQoS2                 Code = 0x02
	DisconnectWithWill          Code = 0x04
	NoMatchingSubscribers       Code = 0x10
	NoSubscriptionExisted       Code = 0x11
	ContinueAuthentication      Code = 0x18
	ReAuthenticate              Code = 0x19
	UnspecifiedError            Code = 0x80
	MalformedPacket             Code = 0x81
	ProtocolError               Code = 0x82
	ImplementationSpecificError Code = 0x83
	UnsupportedProtocolVersion  Code = 0x84
	ClientIdentifierNotValid    Code = 0x85
	BadUserNameOrPassword       Code = 0x86
	NotAuthorized               Code = 0x87
	ServerUnavailable           Code = 0x88
	ServerBusy                  Code = 0x89
	Banned                      Code = 0x8A
	ServerShuttingDown          Code = 0x8B
	BadAuthenticationMethod     Code = 0x8C
	KeepAliveTimeout            Code = 0x8D
	SessionTakenOver            Code = 0x8E
	TopicFilterInvalid          Code = 0x8F
	TopicNameInvalid            Code = 0x90
	PacketIdentifierInUse       Code = 0x91
	PacketIdentifierNotFound    Code = 0x92
	ReceiveMaximumExceeded      Code = 0x93
	TopicAliasInvalid           Code = 0x94
	PacketTooLarge              Code = 0x95
	MessageRateTooHigh          Code = 0x96
	QuotaExceeded               Code = 0x97
	AdministrativeAction        Code = 0x98
	PayloadFormatInvalid        Code = 0x99
	RetainNotSupported          Code = 0x9A
	QoSNotSupported             Code = 0x9B
	UseAnotherServer            Code = 0x9C
	ServerMoved                 Code = 0x9D
	SharedSubscriptionsNo       Code = 0x9E
	ConnectionRateExceeded      Code = 0x9F
	MaximumConnectTime          Code = 0xA0
	SubscriptionIdentifiersNo   Code = 0xA1
	WildcardSubscriptionsNo     Code = 0xA2
)

// Failed says that the code is an error.
func (c Code) Failed() bool { return c >= 0x80 }

// ConnackV3 is the return code of a CONNACK before version 5 that says the same
// as c (3.1.1, 3.2.2.3).
func (c Code) ConnackV3() byte {
	switch c {
	case Success:
		return 0
	case UnsupportedProtocolVersion:
		return 1
	case ClientIdentifierNotValid:
		return 2
	case BadUserNameOrPassword:
		return 4
	case NotAuthorized, Banned, BadAuthenticationMethod:
		return 5
	}
	return 3 // server unavailable
}

// fromClient are the reason codes that a client may send, by packet type: the
// tables of 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.14.2.1 and 3.15.2.1, with the
// clause that makes them binding.
var fromClient = map[Type]struct {
	clause string
	codes  []Code
}{
	PUBACK:  {"MQTT-3.4.2-1", publishAnswers},
	PUBREC:  {"MQTT-3.5.2-1", publishAnswers},
	PUBREL:  {"MQTT-3.6.2-1", []Code{Success, PacketIdentifierNotFound}},
	PUBCOMP: {"MQTT-3.7.2-1", []Code{Success, PacketIdentifierNotFound}},
	DISCONNECT: {"MQTT-3.14.2-1", []Code{
		Success, DisconnectWithWill, UnspecifiedError, MalformedPacket, ProtocolError, ImplementationSpecificError,
		TopicNameInvalid, ReceiveMaximumExceeded, TopicAliasInvalid, PacketTooLarge, MessageRateTooHigh,
		QuotaExceeded, AdministrativeAction, PayloadFormatInvalid,
	}},
	AUTH: {"MQTT-3.15.2-1", []Code{ContinueAuthentication, ReAuthenticate}},
}

var publishAnswers = []Code{
	Success, NoMatchingSubscribers, UnspecifiedError, ImplementationSpecificError, NotAuthorized,
	TopicNameInvalid, PacketIdentifierInUse, QuotaExceeded, PayloadFormatInvalid,
}

func checkCode(t Type, c Code) error {
	if c == Success && t != AUTH {
		return nil
	}
	if allowed := fromClient[t]; !slices.Contains(allowed.codes, c) {
		return violation(allowed.clause, fmt.Sprintf("reason code 0x%02x in a %v from a client", byte(c), t))
	}
	return nil
}

// Error is a packet that must not be accepted.
type Error struct {
	Code   Code   // for the CONNACK or DISCONNECT of version 5; else just close
	Clause string // the broken rule, such as MQTT-3.3.1-4; a section where no rule has a number
	Detail string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s [%s, reason code 0x%02x]", e.Detail, e.Clause, byte(e.Code))
}

func malformed(clause, detail string) *Error { return &Error{MalformedPacket, clause, detail} }
func violation(clause, detail string) *Error { return &Error{ProtocolError, clause, detail} }
