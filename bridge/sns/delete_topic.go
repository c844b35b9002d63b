package sns

import (
	"context"
	"errors"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/core"
)

// DeleteTopic: with its subscriptions; a topic that is not there is deleted. One
// with an archive is not, until the archive is ended.

func (s *Service) deleteTopic(_ context.Context, c *awsapi.Call, in *snsapi.DeleteTopicInput) (*snsapi.DeleteTopicOutput, error) {
	t, err := s.topicFor(c, in.TopicArn.V, core.Configure)
	if errors.Is(err, noTopic()) {
		return nil, nil // an empty reply
	}
	if err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	now, ok := t.ns.Topic(t.Path())
	if !ok {
		return nil, nil
	}
	if archiveDays(now.Attributes()[attrArchive]) > 0 {
		return nil, snsapi.InvalidStateException.New("Invalid state: Cannot delete a topic with an ArchivePolicy")
	}
	return nil, refusal(s.remove(t))
}

// remove ends the subscriptions before the topic, and the gate last: what is
// published meanwhile is still in order.
func (s *Service) remove(t *target) error {
	var all []*core.Binding
	for _, b := range subscriptions(t.ns) {
		if b.Attributes[subTopic] == t.Path() {
			all = append(all, b)
		}
	}
	if err := unbind(t.ns, s.couriers, all...); err != nil {
		return err
	}
	if err := t.ns.DeleteTopic(t.Path()); err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	return closeGate(t.ns, t.Path())
}
