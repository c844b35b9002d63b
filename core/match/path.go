package match

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// The limits of a path and of a filter.
const (
	// MaxBytes is MQTT's: a UTF-8 string has a two byte length [MQTT-1.5.3].
	MaxBytes = 65535
	// MaxLevels bounds the work of one match. A routing key of 255 bytes
	// has at most as many words.
	MaxLevels = 256
	// MaxAMQPBytes is the length of a short string in AMQP 0-9-1.
	MaxAMQPBytes = 255
)

// What the parsers and validators return.
var (
	ErrEmpty    = errors.New("match: empty topic or filter")
	ErrTooLong  = errors.New("match: topic or filter too long")
	ErrTooDeep  = errors.New("match: more than 256 levels")
	ErrWildcard = errors.New("match: misplaced wildcard")
	ErrEncoding = errors.New("match: not UTF-8 or has a NUL")
	ErrEscape   = errors.New("match: bad escape in a filter")
)

// Swap turns MQTT's spelling of a path into AMQP's and back: `/` and `.`
// change places.
func Swap(s string) string {
	if !strings.ContainsAny(s, "./") {
		return s
	}
	b := []byte(s)
	swap(b)
	return string(b)
}

func swap(b []byte) {
	for i, c := range b {
		switch c {
		case '.':
			b[i] = '/'
		case '/':
			b[i] = '.'
		}
	}
}

// ValidPath reports why a path of any protocol cannot be one: only its size
// counts, since a routing key may hold any byte and may be empty.
func ValidPath(path string) error {
	if len(path) > MaxBytes {
		return ErrTooLong
	}
	if strings.Count(path, "/") >= MaxLevels {
		return ErrTooDeep
	}
	return nil
}

// ValidTopicName reports why an MQTT client may not publish to a topic:
// [MQTT-3.3.2-2], [MQTT-4.7.3-1], [MQTT-4.7.3-2], [MQTT-1.5.4-1].
func ValidTopicName(topic string) error {
	if topic == "" {
		return ErrEmpty
	}
	if strings.ContainsAny(topic, "+#") {
		return ErrWildcard
	}
	if !cleanUTF8(topic) {
		return ErrEncoding
	}
	return ValidPath(topic)
}

// VisibleToMQTT reports whether a path can be the topic name of a PUBLISH. One
// that cannot (an AMQP key with `+` or bytes that are not UTF-8) never reaches
// an MQTT subscriber; whoever withholds it counts it.
func VisibleToMQTT(path string) bool { return ValidTopicName(path) == nil }

// Reserved reports whether a path's first level begins with `$`, so that no
// wildcard stands for it [MQTT-4.7.2-1].
func Reserved(path string) bool { return strings.HasPrefix(path, "$") }

func cleanUTF8(s string) bool {
	return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s)
}

// levels reads a path, or an encoded filter, level by level without
// allocating. more is what tells "one empty level left" from "none left".
type levels struct {
	rest string
	more bool
}

func levelsOf(s string) levels { return levels{s, s != ""} }

func (l *levels) next() string {
	var level string
	level, l.rest, l.more = strings.Cut(l.rest, "/")
	return level
}
