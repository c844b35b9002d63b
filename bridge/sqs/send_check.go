package sqs

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// Limits of AWS.md section 2.
const (
	maxMessage    = 1 << 20
	maxVisibility = 43200
	maxWait       = 20
	maxDelay      = 900
	maxGroupID    = 128
)

// outgoing is one message on its way in, of a single call or of a batch.
type outgoing struct {
	body         string
	delay        wire.Int32
	attrs        awsapi.Map[sqsapi.MessageAttributeValue]
	system       awsapi.Map[sqsapi.MessageSystemAttributeValue]
	dedup, group wire.String
}

// size is what the queue's limit and a batch's count.
func (m *outgoing) size() int {
	n := len(m.body)
	for _, e := range m.attrs {
		n += len(e.Key) + len(e.Value.DataType.V) + len(e.Value.StringValue.V) + len(e.Value.BinaryValue)
	}
	return n
}

// check checks all that the model does not say.
func (m *outgoing) check(t *target) error {
	if err := m.checkQueueType(t); err != nil {
		return err
	}
	if m.delay.Ok && (m.delay.V < 0 || m.delay.V > maxDelay) {
		return invalid(strconv.Itoa(int(m.delay.V)), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	}
	if !awsapi.IsMessageText(m.body) {
		return sqsapi.InvalidMessageContents.New("Invalid characters found. Valid unicode characters are " +
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	}
	if n := len(m.attrs); n > fields.MaxAttributes {
		return wire.InvalidParameterValue.Newf("Number of message attributes [%d] exceeds the allowed maximum [%d].", n, fields.MaxAttributes)
	}
	for i := range m.attrs {
		if err := checkAttribute(m.attrs[i].Key, &m.attrs[i].Value); err != nil {
			return err
		}
	}
	for i := range m.system {
		if err := checkSystem(m.system[i].Key, &m.system[i].Value); err != nil {
			return err
		}
	}
	if limit := t.settings().number(sqsapi.QueueAttributeNameMaximumMessageSize); int64(m.size()) > limit {
		return &awsapi.Error{Type: wire.InvalidParameterValue,
			Message: tooLong + strconv.FormatInt(limit, 10) + " bytes."}
	}
	return nil
}

// tooLong begins the error of a message over its queue's limit; within a batch AWS
// words it another way.
const (
	tooLong        = "One or more parameters are invalid. Reason: Message must be shorter than "
	tooLongInBatch = "One or more parameters cannot be validated. Reason: Message must be shorter than "
)

const (
	needsGroup = "The request must contain the parameter MessageGroupId."
	needsDedup = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)

// checkQueueType checks what FIFO queues need and standard queues refuse.
func (m *outgoing) checkQueueType(t *target) error {
	if m.group.Ok && !isGroupID(m.group.V) {
		return badGroupID("MessageGroupId", m.group.V)
	}
	if m.dedup.Ok && !isGroupID(m.dedup.V) {
		return badGroupID("MessageDeduplicationId", m.dedup.V)
	}
	if !t.fifo() {
		if m.dedup.Ok {
			return invalid(m.dedup.V, "MessageDeduplicationId", wrongType)
		}
		return nil
	}
	switch {
	case !m.group.Ok:
		return wire.MissingParameter.New(needsGroup)
	case !m.dedup.Ok && !t.options.DedupContent:
		return wire.InvalidParameterValue.New(needsDedup)
	case m.delay.V != 0:
		return invalid(strconv.Itoa(int(m.delay.V)), "DelaySeconds", wrongType)
	}
	return nil
}

func badGroupID(parameter, value string) error {
	return invalid(clip(value), parameter, parameter+" can only include alphanumeric and punctuation characters. 1 to 128 in length.")
}

// isGroupID: 1 to 128 of the printable ASCII characters but space.
func isGroupID(s string) bool {
	if s == "" || len(s) > maxGroupID {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// checkAttribute checks one message attribute.
func checkAttribute(name string, v *sqsapi.MessageAttributeValue) error {
	if err := checkAttributeName(name); err != nil {
		return err
	}
	if len(v.StringListValues) > 0 || len(v.BinaryListValues) > 0 {
		return sqsapi.UnsupportedOperation.New("Message attribute list values in SendMessage operation are not supported.")
	}
	dataType := v.DataType.V
	prefix, _, _ := strings.Cut(dataType, ".")
	switch {
	case dataType == "":
		return wire.InvalidParameterValue.Newf("The message (user) attribute '%s' must contain a non-empty message attribute type.", name)
	case len(dataType) > 256:
		return wire.InvalidParameterValue.New("Message (user) attribute type must be shorter than 256 bytes.")
	case prefix != "String" && prefix != "Number" && prefix != "Binary":
		return wire.InvalidParameterValue.Newf("The type of message (user) attribute '%s' is invalid. "+
			"You must use only the following supported type prefixes: Binary, Number, String.", name)
	}
	if prefix == "Binary" && len(v.BinaryValue) == 0 || prefix != "Binary" && v.StringValue.V == "" {
		return wire.InvalidParameterValue.Newf("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, valueType(prefix))
	}
	if prefix == "Binary" && v.StringValue.Ok || prefix != "Binary" && len(v.BinaryValue) > 0 {
		return wire.InvalidParameterValue.Newf("Message (user) attribute '%s' has conflicting values: one of type '%s' is expected.", name, valueType(prefix))
	}
	if prefix == "Number" && !isNumber(v.StringValue.V) {
		return wire.InvalidParameterValue.Newf("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	if !awsapi.IsMessageText(v.StringValue.V) {
		return wire.InvalidParameterValue.Newf("Invalid characters found in the value of message (user) attribute '%s'.", name)
	}
	return nil
}

// valueType is the member that a data type's value stands in.
func valueType(prefix string) string {
	if prefix == "Binary" {
		return prefix
	}
	return "String"
}

func checkAttributeName(name string) error {
	switch {
	case name == "":
		return wire.InvalidParameterValue.New("The request must contain non-empty message (user) attribute names.")
	case len(name) > 256:
		return wire.InvalidParameterValue.New("Message (user) attribute name must be shorter than 256 bytes.")
	case fields.IsAttributeName(name):
		return nil
	}
	for _, c := range []byte(name) {
		if !fields.IsAttributeNameByte(c) {
			return wire.InvalidParameterValue.New("Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens and underscores. ")
		}
	}
	return wire.InvalidParameterValue.New("You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. " +
		"These strings are reserved for internal use. Additionally, they cannot start or end with '.'.")
}

// isNumber: up to 38 digits, with or without sign, fraction and exponent.
func isNumber(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(s, "xX_pP") {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	digits := strings.TrimLeft(strings.ReplaceAll(strings.TrimLeft(mantissa, "+-"), ".", ""), "0")
	return len(digits) <= 38
}

func checkSystem(name string, v *sqsapi.MessageSystemAttributeValue) error {
	if name != sqsapi.MessageSystemAttributeNameForSendsAWSTraceHeader {
		return wire.InvalidParameterValue.Newf("Message system attribute name '%s' is invalid.", clip(name))
	}
	if v.DataType.V != "String" {
		return wire.InvalidParameterValue.Newf("The type of message (system) attribute '%s' is invalid. You must use only the String type.", name)
	}
	if v.StringValue.V == "" || !utf8.ValidString(v.StringValue.V) {
		return wire.InvalidParameterValue.Newf("Message (system) attribute '%s' must contain a non-empty value of type 'String'.", name)
	}
	return nil
}
