package awsapi

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Subscription is what bridge/sns leaves on each message that it routes into a
// queue (the note of a core Binding), so that bridge/sqs can render it at receive.
type Subscription struct {
	ARN      string // of the subscription; the topic's ARN is its beginning
	Raw      bool   // RawMessageDelivery
	Number   uint64 // that a FIFO topic gave; 0: none
	Replayed bool   // it comes out of the topic's archive
	Failure  Failure
}

// Failure is why a message lies in the dead-letter queue of a subscription. The
// zero Failure is none.
type Failure struct{ Code, Message string }

// noteMark begins a note; the byte after it is the version. Other doors leave
// notes of their own on messages, which must not be taken for one of ours.
//
//	version 1  'e' envelope or 'r' raw, then the ARN
//	version 2  flags, uvarint number, and three strings: ARN, failure's code and
//	           message, each a uvarint length and its bytes
//
// Version 1 is still written where it says all.
const noteMark = "sns"

const (
	noteRaw = 1 << iota
	noteReplayed
)

// Note encodes the subscription.
func (s Subscription) Note() []byte {
	if s.Number == 0 && !s.Replayed && s.Failure == (Failure{}) {
		form := byte('e')
		if s.Raw {
			form = 'r'
		}
		return append(append([]byte(noteMark), 1, form), s.ARN...)
	}
	flags := byte(0)
	if s.Raw {
		flags |= noteRaw
	}
	if s.Replayed {
		flags |= noteReplayed
	}
	b := binary.AppendUvarint(append([]byte(noteMark), 2, flags), s.Number)
	for _, v := range [...]string{s.ARN, s.Failure.Code, s.Failure.Message} {
		b = append(binary.AppendUvarint(b, uint64(len(v))), v...)
	}
	return b
}

// ParseNote reads what Note wrote; false for any other note.
func ParseNote(note []byte) (s Subscription, ok bool) {
	if len(note) <= len(noteMark)+1 || string(note[:len(noteMark)]) != noteMark {
		return s, false
	}
	form, rest := note[len(noteMark)+1], note[len(noteMark)+2:]
	switch note[len(noteMark)] {
	case 1:
		if form != 'r' && form != 'e' {
			return s, false
		}
		return Subscription{ARN: string(rest), Raw: form == 'r'}, true
	case 2:
		s.Raw, s.Replayed = form&noteRaw != 0, form&noteReplayed != 0
		return s, s.parse(rest)
	}
	return s, false
}

// IsRaw is ParseNote's Raw, without the rest.
func IsRaw(note []byte) bool {
	if len(note) <= len(noteMark)+1 || string(note[:len(noteMark)]) != noteMark {
		return false
	}
	form := note[len(noteMark)+1]
	return note[len(noteMark)] == 1 && form == 'r' || note[len(noteMark)] == 2 && form&noteRaw != 0
}

func (s *Subscription) parse(b []byte) bool {
	number, n := binary.Uvarint(b)
	if n <= 0 {
		return false
	}
	s.Number, b = number, b[n:]
	for _, v := range [...]*string{&s.ARN, &s.Failure.Code, &s.Failure.Message} {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return false
		}
		*v, b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	return len(b) == 0
}

// TopicARN is the ARN of the topic that was subscribed to.
func (s Subscription) TopicARN() string {
	if i := strings.LastIndexByte(s.ARN, ':'); i >= 0 {
		return s.ARN[:i]
	}
	return s.ARN
}

// firstSequence makes sequence numbers of 20 digits that any reader of unsigned
// 64-bit numbers takes.
const firstSequence = 10_000_000_000_000_000_000

// SequenceNumber is a number of a FIFO queue or topic as AWS spells it; "" for 0.
func SequenceNumber(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(firstSequence+n, 10)
}
