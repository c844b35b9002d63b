package wire

import (
	"fmt"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Connect is a CONNECT (3.1). It owns its memory.
type Connect struct {
	Version         Version
	ClientID        string
	*packets.Packet          // Connect (flags, user name, password, keep-alive) and Properties, as mochi decoded them
	Bridge          bool     // it is a bridge of Mosquitto's
	Will            *Publish // nil without a will; its delay is in Packet.Connect.WillProperties
}

// DecodeConnect decodes a CONNECT. With an error it returns the version if that
// much could be read, so that the refusal can be put in the client's words: 0
// means that there is no way to answer.
func DecodeConnect(f Frame) (Connect, error) {
	body := f.kept()
	c := cursor{b: body}
	v, bridge, err := c.protocol()
	if err != nil {
		return Connect{Version: v}, err
	}
	if bridge {
		body[len(body)-len(c.b)-1] &^= bridgeBit
	}
	out := Connect{Version: v, Bridge: bridge}
	body, out.Will, err = c.connect(v, body)
	if err != nil {
		return Connect{Version: v}, err
	}
	out.Packet, err = decode(v, CONNECT, body, (*packets.Packet).ConnectDecode)
	if err != nil {
		return Connect{Version: v}, err
	}
	out.ClientID = out.Packet.Connect.ClientIdentifier
	return out, nil
}

// bridgeBit in the level of 3.x says that it is a bridge of Mosquitto.
const bridgeBit = 0x80

// protocol reads the protocol's name and level. An unknown level of MQTT is
// answered as 3.1.1 says, with return code 1, or as 5 says if it is newer.
func (c *cursor) protocol() (v Version, bridge bool, err error) {
	name, level := string(c.bin()), c.u8()
	switch {
	case c.err != nil:
		return 0, false, c.err
	case name == "MQTT" && (level == 4 || level == 5), name == "MQIsdp" && level == 3:
		return Version(level), false, nil
	case name == "MQTT" && level == 4|bridgeBit, name == "MQIsdp" && level == 3|bridgeBit:
		return Version(level &^ bridgeBit), true, nil
	case name != "MQTT" && name != "MQIsdp":
		return 0, false, &Error{UnsupportedProtocolVersion, "MQTT-3.1.2-1", "the protocol name is not MQTT"}
	}
	answer := V311
	if level > 5 && level < bridgeBit {
		answer = V5
	}
	return answer, false, &Error{UnsupportedProtocolVersion, "MQTT-3.1.2-2", fmt.Sprintf("protocol level %d of %s", level, name)}
}

// The connect flags (3.1.2.3).
const (
	flagReserved = 1 << iota
	flagClean
	flagWill
	flagWillQoS1
	flagWillQoS2
	flagWillRetain
	flagPassword
	flagUserName
)

// connect checks everything after the level. It returns the body to decode,
// which is a corrected one if version 3.1 promised fields that are not there.
func (c *cursor) connect(v Version, body []byte) ([]byte, *Publish, error) {
	flagsAt := len(body) - len(c.b)
	flags := c.u8()
	c.u16() // keep-alive: every value is legal
	if c.err == nil {
		if e := checkConnectFlags(v, flags); e != nil {
			c.fail(e)
		}
	}
	if v == V5 {
		c.connectProperties()
	}
	clientID := c.str() // MQTT-3.1.3-4
	var w *Publish
	if flags&flagWill != 0 {
		w = c.will(v, flags)
	}
	for _, flag := range []byte{flagUserName, flagPassword} {
		switch {
		case flags&flag == 0:
		case v == V31 && c.err == nil && len(c.b) == 0:
			body[flagsAt] &^= flag // 3.1, section 3.1: the remaining length takes precedence
		case flag == flagUserName:
			c.str() // MQTT-3.1.3-12
		default:
			c.bin()
		}
	}
	if err := c.end(); err != nil {
		return nil, nil, err
	}
	if len(clientID) == 0 && (v == V31 || v == V311 && flags&flagClean == 0) {
		return nil, nil, &Error{ClientIdentifierNotValid, "MQTT-3.1.3-8", "empty client identifier"}
	}
	return body, w, nil
}

func checkConnectFlags(v Version, flags byte) *Error {
	qos := flags >> 3 & 3
	switch {
	case flags&flagReserved != 0 && v != V31: // 3.1 does not use it
		return malformed("MQTT-3.1.2-3", "reserved connect flag")
	case qos == 3:
		return malformed("MQTT-3.1.2-12", "will QoS 3")
	case flags&flagWill == 0 && qos != 0 && v != V31:
		return malformed("MQTT-3.1.2-11", "will QoS without a will")
	case flags&flagWill == 0 && flags&flagWillRetain != 0 && v != V31:
		return malformed("MQTT-3.1.2-13", "will retain without a will")
	case flags&flagUserName == 0 && flags&flagPassword != 0 && v != V5:
		return malformed("MQTT-3.1.2-22", "password without a user name") // the number is 3.1.1's; 5 allows it
	}
	return nil
}

// connectProperties checks the properties of CONNECT and what they say together.
func (c *cursor) connectProperties() {
	raw := c.properties(CONNECT, nil)
	method, data := false, false
	for id := range fields(raw) {
		method = method || id == AuthenticationMethod
		data = data || id == AuthenticationData
	}
	if c.err == nil && data && !method {
		c.fail(violation("3.1.2.11.10", "authentication data without a method"))
	}
	if len(raw) > MaxProperties {
		c.fail(&Error{PacketTooLarge, "3.2.2.3.6", "properties of CONNECT are too long"})
	}
}

func (c *cursor) will(v Version, flags byte) *Publish {
	w := &Publish{QoS: flags >> 3 & 3, Retain: flags&flagWillRetain != 0}
	if v == V5 {
		c.block(will, &w.Properties)
	}
	w.Topic = c.str() // MQTT-3.1.3-11
	w.Payload = c.bin()
	switch {
	case c.err != nil:
	case len(w.Topic) == 0:
		c.fail(malformed("MQTT-4.7.3-1", "empty will topic"))
	case checkTopicName(w.Topic, "") != nil:
		c.fail(&Error{TopicNameInvalid, "MQTT-4.7.0-1", "will topic with a wildcard"})
	}
	return w
}

// AppendConnack appends a CONNACK (3.2). Before version 5 the code becomes a
// return code and props are not sent; props may be nil.
func AppendConnack(dst []byte, p Peer, sessionPresent bool, code Code, props *packets.Properties) []byte {
	pk := packets.Packet{SessionPresent: sessionPresent && !code.Failed(), ReasonCode: byte(code)} // MQTT-3.2.2-6
	if p.Version != V5 {
		pk.ReasonCode = code.ConnackV3()
		pk.SessionPresent = pk.SessionPresent && p.Version == V311 // a reserved byte in 3.1
	}
	if props != nil {
		pk.Properties = *props
	}
	return encode(dst, p, CONNACK, &pk, (*packets.Packet).ConnackEncode)
}
