package core

import (
	"strings"

	"github.com/slipwaymq/slipway/core/match"
)

// AddressKind is the space an address lives in: queue names and topic paths
// are separate spaces (DESIGN section 2).
type AddressKind uint8

const (
	// NoAddress is the zero Address.
	NoAddress AddressKind = iota
	// ToQueue addresses the one queue of that name.
	ToQueue
	// ToTopic addresses every subscription whose filter matches the path.
	ToTopic
	// ToExchange addresses what an exchange routes Key to.
	ToExchange
)

// An Address is where a message is published to: a queue by name, a path in
// the topic tree in MQTT's spelling (`sensors/kitchen/temp`), or an exchange
// with a routing key.
type Address struct {
	Kind AddressKind
	Name string
	Key  string `json:",omitempty"` // routing key; ToExchange only
}

// QueueAddress, TopicAddress and ExchangeAddress are the ways to make an Address.
func QueueAddress(name string) Address { return Address{Kind: ToQueue, Name: name} }

// TopicAddress takes the path in MQTT's spelling.
func TopicAddress(path string) Address { return Address{Kind: ToTopic, Name: path} }

// ExchangeAddress is an exchange and a routing key. With the name "" it is the
// default exchange: the queue that key names, and, where there is none, nowhere
// (publishing to a QueueAddress fails then). With the name amq.topic it is the
// topic path that the key spells.
func ExchangeAddress(name, key string) Address {
	return Address{Kind: ToExchange, Name: name, Key: key}
}

// AMQTopic is the exchange that is the topic tree.
const AMQTopic = "amq.topic"

// plain is the address without the two exchanges that are not routers of their
// own: the default one and the tree.
func (a Address) plain() Address {
	switch {
	case a.Kind == ToExchange && a.Name == "":
		return QueueAddress(a.Key)
	case a.Kind == ToExchange && a.Name == AMQTopic:
		return TopicAddress(match.Swap(a.Key))
	}
	return a
}

// RoutingKey is the address as AMQP spells it: a routing key on the exchange
// that Exchange returns.
func (a Address) RoutingKey() string {
	switch a.Kind {
	case ToTopic:
		return match.Swap(a.Name)
	case ToExchange:
		return a.Key
	}
	return a.Name
}

// Exchange is the exchange that the address is on: "" for a queue, amq.topic
// for a topic.
func (a Address) Exchange() string {
	switch a.Kind {
	case ToTopic:
		return AMQTopic
	case ToExchange:
		return a.Name
	}
	return ""
}

// inName escapes what would end the name of an exchange in String.
var (
	inName  = strings.NewReplacer("%", "%25", "/", "%2F")
	outName = strings.NewReplacer("%25", "%", "%2F", "/")
)

// String is `queue:orders`, `topic:sensors/kitchen`, `exchange:name/key` (in
// the name `%` is %25 and `/` is %2F) or empty: the form that is stored and
// that ParseAddress reads.
func (a Address) String() string {
	switch a.Kind {
	case ToQueue:
		return "queue:" + a.Name
	case ToTopic:
		return "topic:" + a.Name
	case ToExchange:
		return "exchange:" + inName.Replace(a.Name) + "/" + a.Key
	}
	return ""
}

// ParseAddress reads what String wrote.
func ParseAddress(s string) (Address, bool) {
	if name, ok := strings.CutPrefix(s, "queue:"); ok {
		return QueueAddress(name), true
	}
	if name, ok := strings.CutPrefix(s, "topic:"); ok {
		return TopicAddress(name), true
	}
	if rest, ok := strings.CutPrefix(s, "exchange:"); ok {
		name, key, ok := strings.Cut(rest, "/")
		return ExchangeAddress(outName.Replace(name), key), ok
	}
	return Address{}, s == ""
}
