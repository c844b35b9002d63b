package awsapi

import "strings"

// Subscription is what bridge/sns leaves on each message that it routes into a
// queue (the note of a core Binding), so that bridge/sqs can render it at receive.
type Subscription struct {
	ARN string // of the subscription; the topic's ARN is its beginning
	Raw bool   // RawMessageDelivery
}

// noteMark begins a note; its last byte is the version. Other doors leave notes
// of their own on messages, which must not be taken for one of ours.
const noteMark = "sns\x01"

// Note encodes the subscription.
func (s Subscription) Note() []byte {
	raw := byte('e')
	if s.Raw {
		raw = 'r'
	}
	return append(append([]byte(noteMark), raw), s.ARN...)
}

// ParseNote reads what Note wrote; false for any other note.
func ParseNote(note []byte) (Subscription, bool) {
	if len(note) <= len(noteMark) || string(note[:len(noteMark)]) != noteMark {
		return Subscription{}, false
	}
	raw := note[len(noteMark)]
	if raw != 'r' && raw != 'e' {
		return Subscription{}, false
	}
	return Subscription{ARN: string(note[len(noteMark)+1:]), Raw: raw == 'r'}, true
}

// TopicARN is the ARN of the topic that was subscribed to.
func (s Subscription) TopicARN() string {
	if i := strings.LastIndexByte(s.ARN, ':'); i >= 0 {
		return s.ARN[:i]
	}
	return s.ARN
}
