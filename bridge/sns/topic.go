package sns

import (
	"errors"
	"maps"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// target is the topic that a call is about.
type target struct {
	*core.Topic
	ns  *core.Namespace
	who *core.Principal
	arn awsapi.ARN // as this client sees it
}

// parse reads an ARN; parameter names it in errors.
func parse(parameter, s string) (awsapi.ARN, error) {
	arn, err := awsapi.ParseARN(s)
	var short *awsapi.ARNError
	if errors.As(err, &short) {
		return arn, invalid(parameter + " Reason: " + short.Error())
	}
	if err != nil || arn.Service != "sns" {
		return arn, invalid(parameter)
	}
	return arn, nil
}

// topicOf resolves a topic ARN. The path may then be asked about with may.
func (s *Service) topicOf(c *awsapi.Call, parameter, topicARN string) (*target, error) {
	arn, err := parse(parameter, topicARN)
	if err != nil {
		return nil, err
	}
	name, id := arn.SplitSubscription()
	if id != "" {
		return nil, invalid(parameter)
	}
	ns, who, err := s.backend.For(c, arn.Account, arn.Region)
	if err != nil {
		return nil, refusal(err)
	}
	t, ok := s.backend.Names.FindTopic(ns, name)
	if !ok {
		return nil, noTopic()
	}
	arn.Resource = s.backend.Names.Topic(ns, t.Path())
	return &target{Topic: t, ns: ns, who: who, arn: arn}, nil
}

// topicFor is topicOf with a permission on the topic's own path.
func (s *Service) topicFor(c *awsapi.Call, topicARN string, may core.Action) (*target, error) {
	t, err := s.topicOf(c, "TopicArn", topicARN)
	if err != nil {
		return nil, err
	}
	if err := s.authorize(c, t, t.who.MayPath(may, t.Path())); err != nil {
		return nil, err
	}
	return t, nil
}

// ownerActions are those that no policy gives to the unsigned. True: no policy
// takes it away either.
var ownerActions = map[string]bool{
	"AddPermission": false, "RemovePermission": true, "SetTopicAttributes": true, "DeleteTopic": false, "TagResource": false, "UntagResource": false,
}

// authorize asks the topic's policy, and the caller's permissions as they were
// found.
func (s *Service) authorize(c *awsapi.Call, t *target, granted bool) error {
	action := strings.TrimSuffix(c.Operation, "Batch")
	always, own := ownerActions[action]
	refused := s.backend.Authorize(c, t.who, &awsapi.Question{
		Service: policy.SNS, Policy: t.Attributes()[attrPolicy], Action: "SNS:" + action, Resource: t.arn.String(),
		Granted: granted, Own: own, Always: always,
	})
	if refused != "" {
		return snsapi.AuthorizationErrorException.New(refused)
	}
	return nil
}

// change changes a topic's attributes, one caller at a time.
func (s *Service) change(t *target, f func(attrs map[string]string) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	now, ok := t.ns.Topic(t.Path()) // a Topic never changes: t may be an old one
	if !ok {
		return noTopic()
	}
	attrs := maps.Clone(now.Attributes())
	if attrs == nil {
		attrs = map[string]string{}
	}
	if err := f(attrs); err != nil {
		return err
	}
	return refusal(t.ns.UpdateTopic(t.Path(), attrs))
}

// sees tells whether the caller may know of a topic: any permission on it, or on
// something below it that it may read, will do.
func sees(who *core.Principal, path string) bool {
	return who.MayPath(core.Read, path) || who.MayPath(core.Write, path) || who.MayPath(core.Configure, path) ||
		who.MayTopic(core.Read, match.Below(path))
}

// Attributes of a topic in the core are this package's: those of the model, and
// tags under a prefix that no attribute has.
const tagPrefix = "tag:"

func tagsOf(attrs map[string]string) map[string]string {
	tags := map[string]string{}
	for k, v := range attrs {
		if key, ok := strings.CutPrefix(k, tagPrefix); ok {
			tags[key] = v
		}
	}
	return tags
}

// pageSize is SNS's.
const pageSize = 100

// page cuts a page out of sorted keys; the token is the last key of the page before.
func page(keys []string, token wire.String) (from, to int, next wire.String) {
	for from < len(keys) && token.V != "" && keys[from] <= token.V {
		from++
	}
	to = min(from+pageSize, len(keys))
	if to < len(keys) {
		next = wire.Some(keys[to-1])
	}
	return from, to, next
}
