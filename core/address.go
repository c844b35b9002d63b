package core

import "strings"

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
)

// An Address is where a message is published to: a queue by name, or a path
// in the topic tree in MQTT's spelling (`sensors/kitchen/temp`).
type Address struct {
	Kind AddressKind
	Name string
}

// QueueAddress and TopicAddress are the two ways to make an Address.
func QueueAddress(name string) Address { return Address{ToQueue, name} }

// TopicAddress takes the path in MQTT's spelling.
func TopicAddress(path string) Address { return Address{ToTopic, path} }

// String is `queue:orders`, `topic:sensors/kitchen` or empty: the form that
// is stored and that ParseAddress reads.
func (a Address) String() string {
	switch a.Kind {
	case ToQueue:
		return "queue:" + a.Name
	case ToTopic:
		return "topic:" + a.Name
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
	return Address{}, s == ""
}
