package sns

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
)

// Attributes of topics.
const (
	attrDisplayName  = "DisplayName"
	attrPolicy       = "Policy"
	attrFIFO         = "FifoTopic"
	attrContentDedup = "ContentBasedDeduplication"
	attrThroughput   = "FifoThroughputScope"
	attrArchive      = "ArchivePolicy"
	attrMaxSize      = "MaximumMessageSize"
	attrSignature    = "SignatureVersion"

	// attrArchivedSince is ours, in ms: when the archive began.
	attrArchivedSince = "slipway:archived-since"
)

// A topicAttribute is how a value is checked, which topics have it, and what stands
// for not having been set.
type topicAttribute struct {
	check func(value string) error // its error is AWS's reason
	fifo  bool                     // of FIFO topics only
	only  bool                     // set at creation only
	def   string
	shown bool // GetTopicAttributes shows the default too
}

// topicAttributes are those that can be set. KmsMasterKeyId, TracingConfig and the
// feedback attributes are kept and shown; nothing is encrypted, traced or logged by
// them.
var topicAttributes = map[string]topicAttribute{
	attrDisplayName:  {check: upTo(100), shown: true},
	attrPolicy:       {check: policyCheck},
	attrFIFO:         {check: oneOf("true", "false"), only: true, def: "false"},
	attrContentDedup: {check: oneOf("true", "false"), fifo: true, def: "false", shown: true},
	attrThroughput:   {check: oneOf("Topic", "MessageGroup"), fifo: true, def: "Topic", shown: true},
	attrArchive:      {check: archiveCheck, fifo: true},
	attrMaxSize:      {check: within(1024, 1_048_576), def: "262144"},
	"KmsMasterKeyId": {check: upTo(2048)},
	"TracingConfig":  {check: oneOf("PassThrough", "Active"), def: "PassThrough"},
	attrSignature:    {check: oneOf("1", "2"), def: "1"},
	attrDelivery:     {check: deliveryCheck},
}

func init() {
	for _, to := range []string{"HTTP", "SQS", "Lambda", "Firehose", "Application"} {
		topicAttributes[to+"SuccessFeedbackRoleArn"] = topicAttribute{check: roleCheck}
		topicAttributes[to+"FailureFeedbackRoleArn"] = topicAttribute{check: roleCheck}
		topicAttributes[to+"SuccessFeedbackSampleRate"] = topicAttribute{check: within(0, 100)}
	}
}

// topicSettings checks attributes that a client gives, of a topic that is or will
// be FIFO or not. Those at creation are all taken; later some cannot be set.
func topicSettings(given awsapi.Map[string], fifo, creating bool) (map[string]string, error) {
	out := map[string]string{}
	for _, e := range given {
		a, known := topicAttributes[e.Key]
		switch {
		case !known, a.only && !creating:
			return nil, invalid("AttributeName")
		case a.fifo && !fifo:
			return nil, invalid("Attributes Reason: The attribute " + e.Key + " can be set for FIFO topics only")
		}
		if err := a.check(e.Value); err != nil {
			return nil, err
		}
		out[strings.Clone(e.Key)] = strings.Clone(e.Value)
	}
	if out[attrFIFO] == "false" {
		delete(out, attrFIFO)
	}
	return out, nil
}

// topicSetting is an attribute's value, its default where nobody set it.
func topicSetting(attrs map[string]string, name string) string {
	if v, ok := attrs[name]; ok {
		return v
	}
	return topicAttributes[name].def
}

func isFIFO(attrs map[string]string) bool { return attrs[attrFIFO] == "true" }

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		for _, w := range values {
			if v == w {
				return nil
			}
		}
		return invalid("Attributes Reason: Invalid value [" + clip(v) + "]. Must be " + strings.Join(values, " or "))
	}
}

func upTo(characters int) func(string) error {
	return func(v string) error {
		if utf8.RuneCountInString(v) > characters || !awsapi.IsMessageText(v) {
			return invalid("Attributes Reason: must be at most " + strconv.Itoa(characters) + " characters long")
		}
		return nil
	}
}

func within(low, high int) func(string) error {
	return func(v string) error {
		if n, err := strconv.Atoi(v); err != nil || n < low || n > high {
			return invalid("Attributes Reason: Invalid value [" + clip(v) + "]. Must be a number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high))
		}
		return nil
	}
}

func policyCheck(v string) error {
	if _, err := policy.SNS.Parse(v); err != nil {
		return invalid(err.Error())
	}
	return nil
}

func deliveryCheck(v string) error {
	if _, err := parseTopicPolicy(v); err != nil {
		return invalid(err.Error())
	}
	return nil
}

func archiveCheck(v string) error {
	if v == "" || archiveDays(v) < 0 {
		return invalid("ArchivePolicy Reason: it must be {} or have a MessageRetentionPeriod from 1 to 365 days")
	}
	return nil
}

// roleCheck takes the ARN of an IAM role, or nothing.
func roleCheck(v string) error {
	arn, err := awsapi.ParseARN(v)
	if v == "" || err == nil && arn.Service == "iam" && strings.HasPrefix(arn.Resource, "role/") {
		return nil
	}
	return invalid("Attributes Reason: it must be the ARN of an IAM role")
}

// clip bounds what an error repeats of a value.
func clip(v string) string {
	const most = 200
	if len(v) <= most {
		return v
	}
	return strings.ToValidUTF8(v[:most], "") + "..."
}
