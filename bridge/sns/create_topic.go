package sns

import (
	"context"
	"maps"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// CreateTopic: a topic's name is its path. Idempotent if the attributes and tags
// that are given are those it has.

func (s *Service) createTopic(_ context.Context, c *awsapi.Call, in *snsapi.CreateTopicInput) (*snsapi.CreateTopicOutput, error) {
	name := strings.Clone(in.Name.V)
	given, _ := in.Attributes.Get(attrFIFO)
	fifo := given == "true"
	if err := checkTopicName(name, fifo); err != nil {
		return nil, err
	}
	attrs, err := topicSettings(in.Attributes, fifo, true)
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
	if err := s.makeTopic(ns, name, attrs, tags); err != nil {
		return nil, err
	}
	return &snsapi.CreateTopicOutput{TopicArn: wire.Some(c.ARN("sns", name))}, nil
}

func checkTopicName(name string, fifo bool) error {
	switch suffix := strings.HasSuffix(name, ".fifo"); {
	case !awsapi.IsTopicName(name), suffix && !fifo:
		return invalid("Topic Name")
	case fifo && !suffix:
		return invalid("Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, " +
			"numbers, underscores, and hyphens, and must be between 1 and 256 characters long.")
	}
	return nil
}

// makeTopic makes the topic, or finds that there is the very same. A FIFO topic's
// gate is there before the topic is.
func (s *Service) makeTopic(ns *core.Namespace, name string, attrs, tags map[string]string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	if t, ok := ns.Topic(name); ok {
		return sameTopic(t, attrs, tags)
	}
	all := maps.Clone(attrs)
	for k, v := range tags {
		all[tagPrefix+k] = v
	}
	if isFIFO(attrs) {
		archiveSince(ns, all)
		if err := openGate(ns, name, all); err != nil {
			return refusal(err)
		}
	}
	t, created, err := ns.CreateTopic(name, all)
	if err != nil || created {
		return refusal(err)
	}
	return sameTopic(t, attrs, tags) // another door was faster
}

// archiveSince notes when the archive begins, or that there is none.
func archiveSince(ns *core.Namespace, attrs map[string]string) {
	switch {
	case archiveDays(attrs[attrArchive]) <= 0:
		delete(attrs, attrArchive)
		delete(attrs, attrArchivedSince)
	case attrs[attrArchivedSince] == "":
		attrs[attrArchivedSince] = strconv.FormatInt(ns.Broker().Now(), 10)
	}
}

func sameTopic(t *core.Topic, attrs, tags map[string]string) error {
	for name, v := range attrs {
		have := topicSetting(t.Attributes(), name)
		if have != v && !(v != "" && sameJSON(have, v)) && (name != attrArchive || archiveDays(have) != archiveDays(v)) {
			return invalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	if len(tags) > 0 && !maps.Equal(tags, tagsOf(t.Attributes())) {
		return invalid("Tags Reason: Topic already exists with different tags")
	}
	return nil
}
