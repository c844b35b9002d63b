package sqs

import (
	"context"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// CreateQueue: idempotent if every attribute that is given has that value already,
// whoever declared the queue. One that the configuration only made gets the attributes
// of the first CreateQueue that gives any. Tags are set at creation only. A queue that was just
// deleted can be created again at once, unless RecreateAfter says otherwise.

const (
	badName     = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
	badFIFOName = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, " +
		"must end with .fifo suffix and be 1 to 80 in length."
)

func (s *Service) createQueue(_ context.Context, c *awsapi.Call, in *sqsapi.CreateQueueInput) (*sqsapi.CreateQueueOutput, error) {
	name := strings.Clone(in.QueueName.V)
	wants, _ := in.Attributes.Get(sqsapi.QueueAttributeNameFifoQueue)
	fifo := wants == "true"
	switch {
	case fifo && !strings.HasSuffix(name, ".fifo"):
		return nil, wire.InvalidParameterValue.New(badFIFOName)
	case !awsapi.IsQueueName(name), !fifo && strings.HasSuffix(name, ".fifo"):
		return nil, wire.InvalidParameterValue.New(badName)
	}
	if err := checkAttributes(in.Attributes, fifo); err != nil {
		return nil, err
	}
	set := settings{}
	set.merge(in.Attributes)
	if err := checkTogether(set); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	ns, who, err := s.backend.For(c, "", "")
	if err != nil {
		return nil, refusal(err)
	}
	out := &sqsapi.CreateQueueOutput{}
	if t, err := s.find(c, awsapi.QueueRef{Name: name}, core.Configure); err == nil {
		out.QueueUrl = wire.Some(c.QueueURL(t.shown))
		return out, s.agree(c, t, in.Attributes, fifo)
	} else if sqsErr, ok := err.(*awsapi.Error); !ok || sqsErr.Type != sqsapi.QueueDoesNotExist { //nolint:errorlint // find wraps nothing
		return nil, err
	}
	if !who.MayQueue(core.Configure, name) {
		return nil, denied("no permission of the user allows it")
	}
	if s.deletedRecently(ns, name) {
		return nil, sqsapi.QueueDeletedRecently.Newf("You must wait %d seconds after deleting a queue before you can create another with the same name.", int(s.recreate.Seconds()))
	}
	dead, err := s.deadLetter(c, ns, who, in.Attributes, name, fifo)
	if err != nil {
		return nil, err
	}
	out.QueueUrl = wire.Some(c.QueueURL(name))
	if _, _, err := ns.DeclareQueue(name, newOptions(set, tagsOf(in.Tags), dead)); core.KindOf(err) != core.Exists {
		return out, refusal(err)
	}
	// Somebody else created it just now.
	t, err := s.find(c, awsapi.QueueRef{Name: name}, core.Configure)
	if err != nil {
		return nil, err
	}
	return out, s.agree(c, t, in.Attributes, fifo)
}

// agree makes sure that a queue which is there is as it is asked for.
func (s *Service) agree(c *awsapi.Call, t *target, attrs awsapi.Map[string], fifo bool) error {
	plain := settable(&t.options) && t.options.Dialect != fields.SQS && len(t.options.Attributes) == 0
	if !plain || len(attrs) == 0 || fifo != t.fifo() {
		return s.sameQueue(c, t, attrs)
	}
	return s.setAttributes(c, t, attrs)
}

// sameQueue compares what is asked for with what there is.
func (s *Service) sameQueue(c *awsapi.Call, t *target, attrs awsapi.Map[string]) error {
	have := s.shownAttributes(c, t)
	for _, e := range attrs {
		if v, _ := have.Get(e.Key); !sameValue(e.Value, v) {
			return sqsapi.QueueNameExists.Newf("A queue already exists with the same name and a different value for attribute %s", e.Key)
		}
	}
	return nil
}
