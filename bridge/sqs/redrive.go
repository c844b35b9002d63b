package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// redrive is a RedrivePolicy.
type redrive struct {
	target      awsapi.ARN
	maxReceives int
}

// parseRedrive reads a RedrivePolicy; none is nil. Its error is AWS's reason.
func parseRedrive(v string) (*redrive, error) {
	if v == "" {
		return nil, nil
	}
	var in struct {
		DeadLetterTargetArn *string         `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"`
	}
	if json.Unmarshal([]byte(v), &in) != nil {
		return nil, errors.New("Redrive policy is not a valid JSON map.") //nolint:staticcheck // AWS's words
	}
	if in.DeadLetterTargetArn == nil {
		return nil, errors.New("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.") //nolint:staticcheck // AWS's words
	}
	if in.MaxReceiveCount == nil {
		return nil, errors.New("Redrive policy does not contain mandatory attribute: maxReceiveCount.") //nolint:staticcheck // AWS's words
	}
	count := strings.Trim(string(in.MaxReceiveCount), `"`)
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > 1000 {
		return nil, fmt.Errorf("Invalid value for maxReceiveCount: %s, valid values are from 1 to 1000 both inclusive.", clip(count)) //nolint:staticcheck // AWS's words
	}
	arn, err := awsapi.ParseARN(*in.DeadLetterTargetArn)
	if err != nil || arn.Service != "sqs" {
		return nil, errors.New("Dead letter target does not exist.") //nolint:staticcheck // AWS's words
	}
	return &redrive{target: arn, maxReceives: n}, nil
}

// deadLetter finds the queue that a RedrivePolicy among attrs names, and checks it:
// there, of the same kind, willing, and one that the caller may send to. No such
// attribute, or one that is removed: no address.
func (s *Service) deadLetter(c *awsapi.Call, ns *core.Namespace, who *core.Principal, attrs awsapi.Map[string], name string, fifo bool) (none core.Address, err error) {
	v, _ := attrs.Get(sqsapi.QueueAttributeNameRedrivePolicy)
	if v == "" {
		return none, nil
	}
	fail := func(reason string) error { return invalid(clip(v), sqsapi.QueueAttributeNameRedrivePolicy, reason) }
	p, err := parseRedrive(v)
	if err != nil {
		return none, fail(err.Error())
	}
	dlq, ok := s.backend.Names.FindQueue(ns, p.target.Resource)
	if !ok {
		return none, fail("Dead letter target does not exist.")
	}
	o := dlq.Options()
	if o.Grouped != fifo {
		return none, fail("Dead-letter queue must be same type of queue as the source.")
	}
	if o.Owner != "" || !who.MayQueue(core.Write, dlq.Name()) {
		return none, denied("the dead-letter queue is not open to the user")
	}
	if !allowsSource(o.Attributes[sqsapi.QueueAttributeNameRedriveAllowPolicy], c.ARN("sqs", name)) {
		return none, fail("Queue is not allowed to redrive to the dead-letter queue by its RedriveAllowPolicy.")
	}
	return core.QueueAddress(dlq.Name()), nil
}

type allowPolicy struct {
	RedrivePermission string   `json:"redrivePermission"`
	SourceQueueArns   []string `json:"sourceQueueArns"`
}

// redriveAllow checks a RedriveAllowPolicy.
func redriveAllow(v string) bool {
	var p allowPolicy
	if json.Unmarshal([]byte(v), &p) != nil {
		return false
	}
	switch p.RedrivePermission {
	case "allowAll", "denyAll":
		return len(p.SourceQueueArns) == 0
	case "byQueue":
		return len(p.SourceQueueArns) >= 1 && len(p.SourceQueueArns) <= 10
	}
	return false
}

func allowsSource(policy, source string) bool {
	var p allowPolicy
	if policy == "" || json.Unmarshal([]byte(policy), &p) != nil {
		return true
	}
	switch p.RedrivePermission {
	case "denyAll":
		return false
	case "byQueue":
		return slices.Contains(p.SourceQueueArns, source)
	}
	return true
}
