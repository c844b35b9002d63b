package sqs

import (
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// target is the queue that a call is about.
type target struct {
	*core.Queue
	ns      *core.Namespace
	options core.QueueOptions // a copy
	shown   string            // its name as SQS spells it
	who     *core.Principal
}

// queueOf resolves a queue URL for an action.
func (s *Service) queueOf(c *awsapi.Call, url string, may core.Action) (*target, error) {
	ref, ok := awsapi.ParseQueueURL(url)
	if !ok {
		return nil, sqsapi.InvalidAddress.Newf("The address %s is not valid for this endpoint.", url)
	}
	return s.find(c, ref, may)
}

// find resolves a queue and asks whether the caller may do that to it; with no
// action, any permission on it will do. An exclusive queue belongs to one
// connection of another door, and is closed.
func (s *Service) find(c *awsapi.Call, ref awsapi.QueueRef, may core.Action) (*target, error) {
	return s.findFor(c, ref, may, c.Operation)
}

// findFor is find for an action that is not the call's own, as far as the queue's
// policy goes.
func (s *Service) findFor(c *awsapi.Call, ref awsapi.QueueRef, may core.Action, action string) (*target, error) {
	ns, who, err := s.backend.For(c, ref.Account, ref.Region)
	if err != nil {
		return nil, refusal(err)
	}
	q, ok := s.backend.Names.FindQueue(ns, ref.Name)
	unsigned := c.Principal.Anonymous() && !who.Anonymous
	if !ok && unsigned {
		return nil, closed(c, ref)
	}
	if !ok {
		return nil, sqsapi.NonExistentQueue()
	}
	t := &target{Queue: q, ns: ns, options: q.Options(), shown: s.backend.Names.Queue(ns, q.Name()), who: who}
	err = s.authorize(c, t, may, strings.TrimSuffix(action, "Batch"))
	switch {
	case err != nil && unsigned:
		return nil, closed(c, ref)
	case err != nil:
		return nil, err
	case t.options.Owner != "":
		return nil, denied("the queue is exclusive to a connection of another protocol")
	}
	return t, nil
}

// closed is what the unsigned are told, of a queue that is there or is not.
func closed(c *awsapi.Call, ref awsapi.QueueRef) *awsapi.Error {
	return wire.AccessDenied.Newf("Access to the resource %s is denied.", c.QueueURL(clip(ref.Name)))
}

// ownerActions are those that no policy gives to the unsigned: AWS's list of what
// cross-account permissions do not apply to. True: no policy takes it away either.
var ownerActions = map[string]bool{
	"AddPermission": false, "RemovePermission": true, "SetQueueAttributes": true, "CreateQueue": false, "DeleteQueue": false,
	"ListQueueTags": false, "TagQueue": false, "UntagQueue": false,
	"StartMessageMoveTask": false, "ListMessageMoveTasks": false, "CancelMessageMoveTask": false,
}

// authorize asks the queue's policy and the caller's permissions.
func (s *Service) authorize(c *awsapi.Call, t *target, may core.Action, action string) error {
	granted := allowed(t.who, may, t.Name())
	rules := t.options.Attributes[sqsapi.QueueAttributeNamePolicy]
	if granted && rules == "" {
		return nil // nearly every call: the words of a question cost as much as all else here
	}
	always, own := ownerActions[action]
	refused := s.backend.Authorize(c, t.who, &awsapi.Question{
		Service: policy.SQS, Policy: rules,
		Action: "sqs:" + strings.ToLower(action), Resource: t.arn(c), Granted: granted, Own: own, Always: always,
	})
	if refused != "" {
		return wire.AccessDenied.New(refused)
	}
	return nil
}

// allowed asks for all the actions, or for any at all if may is 0.
func allowed(who *core.Principal, may core.Action, name string) bool {
	if may != 0 {
		return who.MayQueue(may, name)
	}
	return who.MayQueue(core.Read, name) || who.MayQueue(core.Write, name) || who.MayQueue(core.Configure, name)
}

func denied(why string) *awsapi.Error {
	return wire.AccessDenied.Newf("Access to the resource is denied: %s.", why)
}

// fifo tells whether the queue is a FIFO queue.
func (t *target) fifo() bool { return t.options.Grouped }

// arn is the queue's ARN as this client sees it.
func (t *target) arn(c *awsapi.Call) string { return c.ARN("sqs", t.shown) }
