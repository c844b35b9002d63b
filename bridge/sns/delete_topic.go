package sns

import (
	"context"
	"errors"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/core"
)

// DeleteTopic: with its subscriptions; a topic that is not there is deleted.

func (s *Service) deleteTopic(_ context.Context, c *awsapi.Call, in *snsapi.DeleteTopicInput) (*snsapi.DeleteTopicOutput, error) {
	t, err := s.topicFor(c, in.TopicArn.V, core.Configure)
	if errors.Is(err, noTopic()) {
		return nil, nil // an empty reply
	}
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, b := range subscriptions(t.ns) {
		if b.Attributes[subTopic] == t.Path() {
			keys = append(keys, b.Key)
		}
	}
	if _, err := t.ns.Unbind(keys...); err != nil {
		return nil, refusal(err)
	}
	if err := t.ns.DeleteTopic(t.Path()); core.KindOf(err) != core.NotFound {
		return nil, refusal(err)
	}
	return nil, nil // somebody else deleted it
}
