package awsapi

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Lengths of names, `.fifo` counted.
const (
	MaxQueueName = 80
	MaxTopicName = 256
)

const fifo = ".fifo"

// IsQueueName tells whether SQS can spell a name: 1-80 of [A-Za-z0-9_-], the
// suffix .fifo allowed and counted.
func IsQueueName(name string) bool { return legalName(name, MaxQueueName) }

// IsTopicName tells whether SNS can spell a name.
func IsTopicName(name string) bool { return legalName(name, MaxTopicName) }

func legalName(name string, limit int) bool {
	if len(name) > limit {
		return false
	}
	name = strings.TrimSuffix(name, fifo)
	for i := range len(name) {
		if !legalByte(name[i]) {
			return false
		}
	}
	return name != ""
}

func legalByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// QueueAlias is a queue's name as SQS can spell it. A legal name is its own alias.
// Any other becomes its legal characters, cut, with a hash of the whole name, so
// that the alias follows from the name alone and two names hardly share one. The
// suffix .fifo stays, since SQS clients tell a FIFO queue by it. A queue's own
// name is looked up before an alias.
func QueueAlias(name string) string { return alias(name, MaxQueueName) }

// TopicAlias is a topic's name as SNS can spell it.
func TopicAlias(name string) string { return alias(name, MaxTopicName) }

func alias(name string, limit int) string {
	if legalName(name, limit) {
		return name
	}
	stem, suffix := name, ""
	if s, ok := strings.CutSuffix(name, fifo); ok {
		stem, suffix = s, fifo
	}
	sum := sha256.Sum256([]byte(name))
	tail := "-" + hex.EncodeToString(sum[:4]) + suffix
	room := limit - len(tail)
	b := make([]byte, 0, limit)
	for _, r := range stem {
		if len(b) == room {
			break
		}
		b = append(b, legalFor(r))
	}
	return string(append(b, tail...))
}

// legalFor is the one character that stands for a rune.
func legalFor(r rune) byte {
	switch {
	case r < 0x80 && legalByte(byte(r)):
		return byte(r)
	case r == '.', r == '/', r == ' ':
		return '-'
	}
	return '_'
}
