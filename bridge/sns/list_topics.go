package sns

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// ListTopics: pages of 100 of those that were created, configured or exposed, and
// on which the caller has a permission; not every path that traffic touched.

func (s *Service) listTopics(_ context.Context, c *awsapi.Call, in *snsapi.ListTopicsInput) (*snsapi.ListTopicsOutput, error) {
	ns, who, err := s.backend.For(c, "", "")
	if err != nil {
		return nil, refusal(err)
	}
	var paths []string
	for _, t := range ns.Topics() {
		if sees(who, t.Path()) {
			paths = append(paths, t.Path())
		}
	}
	from, to, next := page(paths, in.NextToken)
	out := &snsapi.ListTopicsOutput{NextToken: next}
	for _, path := range paths[from:to] {
		out.Topics = append(out.Topics, snsapi.Topic{TopicArn: wire.Some(c.ARN("sns", s.backend.Names.Topic(ns, path)))})
	}
	return out, nil
}
