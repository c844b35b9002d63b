package sns

import (
	"context"
	"maps"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// CreateTopic: a topic's name is its path. Idempotent if the attributes and tags
// that are given are those it has.

func (s *Service) createTopic(_ context.Context, c *awsapi.Call, in *snsapi.CreateTopicInput) (*snsapi.CreateTopicOutput, error) {
	name := strings.Clone(in.Name.V)
	fifo, _ := in.Attributes.Get("FifoTopic")
	if !awsapi.IsTopicName(name) || strings.HasSuffix(name, ".fifo") && fifo != "true" {
		return nil, invalid("Topic Name")
	}
	attrs, err := checkTopicAttributes(in.Attributes)
	if err != nil {
		return nil, err
	}
	if in.DataProtectionPolicy.V != "" {
		return nil, notYet("DataProtectionPolicy", "data protection")
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	ns, who, err := s.backend.For(c, "", "")
	if err != nil {
		return nil, refusal(err)
	}
	if !who.MayPath(core.Configure, name) {
		return nil, denied("no permission of the user allows it")
	}
	all := maps.Clone(attrs)
	for k, v := range tags {
		all[tagPrefix+k] = v
	}
	t, created, err := ns.CreateTopic(name, all)
	if err != nil {
		return nil, refusal(err)
	}
	if !created {
		if err := sameTopic(t, attrs, tags); err != nil {
			return nil, err
		}
	}
	return &snsapi.CreateTopicOutput{TopicArn: wire.Some(c.ARN("sns", name))}, nil
}

func sameTopic(t *core.Topic, attrs, tags map[string]string) error {
	for k, v := range attrs {
		if t.Attributes()[k] != v {
			return invalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	if len(tags) > 0 && !maps.Equal(tags, tagsOf(t.Attributes())) {
		return invalid("Tags Reason: Topic already exists with different tags")
	}
	return nil
}

// Topic attributes that are kept. FifoTopic false is what every topic is.
const (
	attrDisplayName = "DisplayName"
	attrPolicy      = "Policy"
)

// knownTopicAttributes are AWS's; what is not kept is refused, so that nobody
// believes it is in force.
var knownTopicAttributes = map[string]bool{
	attrDisplayName: true, attrPolicy: true, "FifoTopic": false, "DeliveryPolicy": false, "KmsMasterKeyId": false,
	"TracingConfig": false, "SignatureVersion": false, "MaximumMessageSize": false, "ContentBasedDeduplication": false,
	"FifoThroughputScope": false, "ArchivePolicy": false,
}

func checkTopicAttributes(attrs awsapi.Map[string]) (map[string]string, error) {
	out := map[string]string{}
	for _, e := range attrs {
		kept, known := knownTopicAttributes[e.Key]
		switch {
		case e.Key == "FifoTopic" && e.Value == "false":
		case e.Key == "FifoTopic" && e.Value == "true":
			return nil, notYet("Attributes", "a FIFO topic")
		case e.Key == attrPolicy:
			if _, err := policy.SNS.Parse(e.Value); err != nil {
				return nil, invalid(err.Error())
			}
			out[attrPolicy] = strings.Clone(e.Value)
		case kept:
			out[strings.Clone(e.Key)] = strings.Clone(e.Value)
		case known || isFeedback(e.Key):
			return nil, notYet("Attributes", e.Key)
		default:
			return nil, invalid("AttributeName")
		}
	}
	return out, nil
}

// isFeedback tells the attributes of delivery status logging.
func isFeedback(name string) bool {
	return strings.HasSuffix(name, "FeedbackRoleArn") || strings.HasSuffix(name, "FeedbackSampleRate")
}
