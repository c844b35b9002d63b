package sqs

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// TagQueue: at most 50 tags, keys of 128 and values of 256 characters. Tags that
// begin with `aws:` are AWS's, those with `slipway:` ours.

// tagName is the tag that shows the real name of a queue that has an alias.
const tagName = "slipway:name"

const maxTags = 50

func (s *Service) tagQueue(_ context.Context, c *awsapi.Call, in *sqsapi.TagQueueInput) (*sqsapi.TagQueueOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Configure)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return nil, refusal(t.Update(func(o *core.QueueOptions) error {
		if o.Tags == nil {
			o.Tags = map[string]string{}
		}
		for k, v := range tagsOf(in.Tags) {
			o.Tags[k] = v
		}
		n := len(o.Tags)
		if _, moving := o.Tags[tagMove]; moving {
			n--
		}
		if n > maxTags {
			return wire.InvalidParameterValue.Newf("Too many tags added for queue %s.", t.shown)
		}
		return nil
	}))
}

func checkTags(tags awsapi.Map[string]) error {
	if len(tags) > maxTags {
		return wire.InvalidParameterValue.New("Too many tags added.")
	}
	for _, e := range tags {
		n := utf8.RuneCountInString(e.Key)
		switch {
		case n < 1 || n > 128:
			return wire.InvalidParameterValue.New("Tag keys must be between 1 and 128 characters in length.")
		case utf8.RuneCountInString(e.Value) > 256:
			return wire.InvalidParameterValue.New("Tag values must be between 0 and 256 characters in length.")
		case strings.HasPrefix(strings.ToLower(e.Key), "aws:"), strings.HasPrefix(e.Key, "slipway:"):
			return wire.InvalidParameterValue.New("Tag keys that begin with aws: or slipway: are reserved.")
		}
	}
	return nil
}

func tagsOf(tags awsapi.Map[string]) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	out := make(map[string]string, len(tags))
	for _, e := range tags {
		out[strings.Clone(e.Key)] = strings.Clone(e.Value)
	}
	return out
}
