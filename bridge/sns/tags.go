package sns

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// TagResource, UntagResource, ListTagsForResource: of topics. A topic that SNS
// knows by an alias shows its path in the tag slipway:name.

const (
	tagName = "slipway:name"
	maxTags = 50
)

func (s *Service) tagResource(_ context.Context, c *awsapi.Call, in *snsapi.TagResourceInput) (*snsapi.TagResourceOutput, error) {
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.retag(c, in.ResourceArn.V, func(attrs map[string]string) {
		for k, v := range tags {
			attrs[tagPrefix+k] = v
		}
	})
}

func (s *Service) untagResource(_ context.Context, c *awsapi.Call, in *snsapi.UntagResourceInput) (*snsapi.UntagResourceOutput, error) {
	return nil, s.retag(c, in.ResourceArn.V, func(attrs map[string]string) {
		for _, k := range in.TagKeys {
			delete(attrs, tagPrefix+k)
		}
	})
}

func (s *Service) listTagsForResource(_ context.Context, c *awsapi.Call, in *snsapi.ListTagsForResourceInput) (*snsapi.ListTagsForResourceOutput, error) {
	t, err := s.tagged(c, in.ResourceArn.V)
	if err != nil {
		return nil, err
	}
	if err := s.authorize(c, t, sees(t.who, t.Path())); err != nil {
		return nil, err
	}
	tags := tagsOf(t.Attributes())
	if t.arn.Resource != t.Path() {
		tags[tagName] = t.Path()
	}
	out := &snsapi.ListTagsForResourceOutput{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, snsapi.Tag{Key: wire.Some(k), Value: wire.Some(tags[k])})
	}
	return out, nil
}

// tagged resolves the topic of a tag call, which has an error of its own.
func (s *Service) tagged(c *awsapi.Call, arn string) (*target, error) {
	t, err := s.topicOf(c, "ResourceArn", arn)
	if errors.Is(err, noTopic()) {
		return nil, snsapi.ResourceNotFoundException.New("Resource does not exist")
	}
	return t, err
}

func (s *Service) retag(c *awsapi.Call, arn string, change func(map[string]string)) error {
	t, err := s.tagged(c, arn)
	if err != nil {
		return err
	}
	if err := s.authorize(c, t, t.who.MayPath(core.Configure, t.Path())); err != nil {
		return err
	}
	return s.change(t, func(attrs map[string]string) error {
		change(attrs)
		if len(tagsOf(attrs)) > maxTags {
			return snsapi.TagLimitExceededException.Newf("Could not complete request: tag quota of %d per resource exceeded", maxTags)
		}
		return nil
	})
}

func checkTags(tags []snsapi.Tag) (map[string]string, error) {
	out := map[string]string{}
	for _, t := range tags {
		n := utf8.RuneCountInString(t.Key.V)
		switch {
		case n < 1 || n > 128 || utf8.RuneCountInString(t.Value.V) > 256:
			return nil, invalid("Tags Reason: a key has 1 to 128 characters, a value up to 256")
		case strings.HasPrefix(strings.ToLower(t.Key.V), "aws:"), strings.HasPrefix(t.Key.V, "slipway:"):
			return nil, invalid("Tags Reason: keys that begin with aws: or slipway: are reserved")
		}
		if _, twice := out[t.Key.V]; twice {
			return nil, invalid("Duplicated keys are not allowed.")
		}
		out[strings.Clone(t.Key.V)] = strings.Clone(t.Value.V)
	}
	if len(out) > maxTags {
		return nil, snsapi.TagLimitExceededException.Newf("Could not complete request: tag quota of %d per resource exceeded", maxTags)
	}
	return out, nil
}
