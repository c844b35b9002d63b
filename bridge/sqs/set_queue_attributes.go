package sqs

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// SetQueueAttributes: in force when it is answered. The attributes of a queue that
// another door declared are that door's: changing them under it would make its next
// declaration fail. A policy set to "" is removed.

func (s *Service) setQueueAttributes(_ context.Context, c *awsapi.Call, in *sqsapi.SetQueueAttributesInput) (*sqsapi.SetQueueAttributesOutput, error) {
	t, err := s.queueOf(c, in.QueueUrl.V, core.Configure)
	if err != nil {
		return nil, err
	}
	if err := checkAttributes(in.Attributes, t.fifo()); err != nil {
		return nil, err
	}
	if v, ok := in.Attributes.Get(sqsapi.QueueAttributeNameFifoQueue); ok && v != "true" {
		return nil, sqsapi.InvalidAttributeValue.New("Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.")
	}
	if !settable(&t.options) {
		return nil, t.notSettable()
	}
	return nil, s.setAttributes(c, t, in.Attributes)
}

// setAttributes changes a settable queue; the attributes were checked.
func (s *Service) setAttributes(c *awsapi.Call, t *target, attrs awsapi.Map[string]) error {
	dead, err := s.deadLetter(c, t.ns, t.who, attrs, t.shown, t.fifo())
	if err != nil {
		return err
	}
	return refusal(t.Update(func(o *core.QueueOptions) error {
		set := settings(o.Attributes)
		if set == nil {
			set = settings{}
		}
		set.merge(attrs)
		if err := checkTogether(set); err != nil {
			return err
		}
		o.Attributes = set
		apply(o, dead)
		return nil
	}))
}

func (t *target) notSettable() error {
	return sqsapi.UnsupportedOperation.Newf("Queue %s was not declared by SQS; change its attributes where it was declared.", t.shown)
}
