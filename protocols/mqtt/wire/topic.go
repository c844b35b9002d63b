package wire

import (
	"bytes"
	"strings"
)

// checkTopicName judges the topic of a PUBLISH or a will. Empty is for the
// caller: an alias may stand for it.
func checkTopicName(topic []byte, clause string) error {
	if bytes.ContainsAny(topic, "+#") {
		return &Error{TopicNameInvalid, clause, "topic name with a wildcard"}
	}
	return nil
}

// CheckFilter judges the syntax of a topic filter, a shared one included. The
// decoders have done this for every filter they return.
func CheckFilter(filter string) error {
	if rest, shared := strings.CutPrefix(filter, "$share/"); shared {
		group, inner, found := strings.Cut(rest, "/")
		if group == "" || strings.ContainsAny(group, "+#") {
			return invalidFilter("MQTT-4.8.2-1", "share name that is empty or has a wildcard")
		}
		if !found || inner == "" {
			return invalidFilter("MQTT-4.8.2-2", "shared subscription without a filter")
		}
		filter = inner
	}
	if filter == "" {
		return invalidFilter("MQTT-4.7.3-1", "empty topic filter")
	}
	for level, more := "", true; more; {
		level, filter, more = strings.Cut(filter, "/")
		switch {
		case strings.Contains(level, "#") && (level != "#" || more):
			return invalidFilter("MQTT-4.7.1-1", "# that is not the last level alone")
		case strings.Contains(level, "+") && level != "+":
			return invalidFilter("MQTT-4.7.1-2", "+ that is not a whole level")
		}
	}
	return nil
}

func invalidFilter(clause, detail string) *Error { return &Error{TopicFilterInvalid, clause, detail} }

// Shared says that the filter is a shared subscription (4.8.2).
func Shared(filter string) bool { return strings.HasPrefix(filter, "$share/") }
