package sns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// maxMessage is what body and attributes may have together, of a batch all of them.
func (t *target) maxMessage() int {
	n, _ := strconv.Atoi(topicSetting(t.Attributes(), attrMaxSize)) // it was checked
	return n
}

// outgoing is one message on its way in, of a single call or of a batch.
type outgoing struct {
	message, subject, structure wire.String
	dedup, group                wire.String
	attrs                       awsapi.Map[snsapi.MessageAttributeValue]

	body     string          // what every door gets; set by check
	variants fields.Variants // what some get instead; set by check
}

func (m *outgoing) size() int {
	n := len(m.message.V)
	for _, e := range m.attrs {
		n += len(e.Key) + len(e.Value.DataType.V) + len(e.Value.StringValue.V) + len(e.Value.BinaryValue)
	}
	return n
}

// check checks what the model does not say, and takes the message's structure apart.
func (m *outgoing) check(t *target) error {
	switch {
	case m.message.V == "":
		return invalid("Empty message")
	case m.size() > t.maxMessage():
		return invalid("Message too long")
	case !awsapi.IsMessageText(m.message.V):
		return invalid("Message Reason: it has characters that XML does not allow")
	case m.subject.Ok && !isSubject(m.subject.V):
		return invalid("Subject")
	}
	if err := m.checkOrder(t); err != nil {
		return err
	}
	for i := range m.attrs {
		if err := checkAttribute(m.attrs[i].Key, &m.attrs[i].Value); err != nil {
			return err
		}
	}
	return m.takeStructure()
}

// checkOrder checks what FIFO topics need and standard topics refuse.
func (m *outgoing) checkOrder(t *target) error {
	if err := m.checkOrderable(t); err != nil {
		return err
	}
	switch {
	case !isFIFO(t.Attributes()) && m.dedup.Ok:
		return invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
	case m.group.Ok && !isGroupID(m.group.V):
		return invalid("MessageGroupId Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	case m.dedup.Ok && !isGroupID(m.dedup.V):
		return invalid("MessageDeduplicationId Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	return nil
}

// checkOrderable checks what a FIFO topic orders by.
func (m *outgoing) checkOrderable(t *target) error {
	switch {
	case !isFIFO(t.Attributes()):
	case !m.group.Ok:
		return invalid("The MessageGroupId parameter is required for FIFO topics")
	case !m.dedup.Ok && topicSetting(t.Attributes(), attrContentDedup) != "true":
		return invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	return nil
}

// takeStructure finds the bodies: of MessageStructure json, the default for every
// door and, where there are, those of SQS and of endpoints.
func (m *outgoing) takeStructure() error {
	m.body = m.message.V
	switch m.structure.V {
	case "":
		return nil
	case "json":
	default:
		return invalid("MessageStructure")
	}
	bodies, err := structured(m.message.V)
	if err != nil {
		return err
	}
	def, ok := bodies["default"]
	if !ok {
		return invalid("Message Structure - No default entry in JSON message body")
	}
	m.body = def
	if m.body == "" {
		return invalid("Empty message")
	}
	for protocol, v := range map[string]*string{"sqs": &m.variants.SQS, "http": &m.variants.HTTP, "https": &m.variants.HTTPS} {
		if own := bodies[protocol]; own != def {
			*v = own
		}
		if !awsapi.IsMessageText(*v) {
			return invalid("Message Reason: it has characters that XML does not allow")
		}
	}
	if !awsapi.IsMessageText(m.body) {
		return invalid("Message Reason: it has characters that XML does not allow")
	}
	return nil
}

// structured reads the object's strings; what is no string is ignored, as AWS does,
// and a key may be there once.
func structured(s string) (map[string]string, error) {
	broken := invalid("Message Structure - JSON message body failed to parse")
	d := json.NewDecoder(strings.NewReader(s))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, broken
	}
	out, seen := map[string]string{}, map[string]bool{}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return nil, broken
		}
		if seen[name] {
			return nil, invalid("Duplicated keys are not allowed.")
		}
		seen[name] = true
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil, broken
		}
		var v string
		if bytes.HasPrefix(raw, []byte{'"'}) && json.Unmarshal(raw, &v) == nil {
			out[name] = v
		}
	}
	if _, err := d.Token(); err != nil || d.More() {
		return nil, broken
	}
	return out, nil
}

// isSubject: up to 100 characters, none of them a control character or line break.
func isSubject(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > 100 || !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) < 0
}

// isGroupID: 1 to 128 of the printable ASCII characters but space.
func isGroupID(s string) bool {
	return s != "" && len(s) <= 128 && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// checkAttribute checks one message attribute, in SNS's words.
func checkAttribute(name string, v *snsapi.MessageAttributeValue) error {
	if err := checkAttributeName(name); err != nil {
		return err
	}
	bad := func(format string) error { return snsapi.InvalidParameterValueException.Newf(format, name) }
	kind, _, _ := strings.Cut(v.DataType.V, ".")
	switch {
	case kind != "String" && kind != "Number" && kind != "Binary":
		return bad("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")
	case kind == "Binary" && len(v.BinaryValue) == 0 && v.StringValue.Ok:
		return bad("The message attribute '%s' with type 'Binary' must use field 'Binary'.")
	case kind != "Binary" && !v.StringValue.Ok && len(v.BinaryValue) > 0:
		return bad("The message attribute '%s' with type '" + kind + "' must use field 'String'.")
	case kind == "Binary" && len(v.BinaryValue) == 0, kind != "Binary" && v.StringValue.V == "":
		return bad("The message attribute '%s' must contain non-empty message attribute value for message attribute type '" + kind + "'.")
	case !awsapi.IsMessageText(v.StringValue.V):
		return bad("The message attribute '%s' has characters that XML does not allow.")
	case kind == "Number" && json.Unmarshal([]byte(v.StringValue.V), new(float64)) != nil:
		return bad("Could not cast message attribute '%s' value to number.")
	}
	return nil
}

func checkAttributeName(name string) error {
	bad := snsapi.InvalidParameterValueException
	switch {
	case name == "", len(name) > 256:
		return bad.New("Length of message attribute name must be less than 256 bytes.")
	case name[0] == '.':
		return bad.New("Invalid message attribute name starting with character '.' was found.")
	case name[len(name)-1] == '.':
		return bad.New("Invalid message attribute name ending with character '.' was found.")
	case strings.Contains(name, ".."):
		return bad.New("Message attribute name can not have successive '.' character.")
	}
	for _, r := range name {
		if r > '~' || !fields.IsAttributeNameByte(byte(r)) {
			return bad.New(fmt.Sprintf("Invalid non-alphanumeric character '#x%X' was found in the message attribute name. "+
				"Can only include alphanumeric characters, hyphens, underscores, or dots.", r))
		}
	}
	if !fields.IsAttributeName(name) {
		return bad.New("Message attribute names that begin with 'AWS.' or 'Amazon.' are reserved.")
	}
	return nil
}
