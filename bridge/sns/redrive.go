package sns

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/sns/filter"
	"github.com/slipwaymq/slipway/core"
)

// RedrivePolicy of a subscription: the queue for what cannot be delivered
// (deliver.go). It has to be of the topic's namespace and, where the subscribed
// queue is FIFO, FIFO too. As in AWS it need not exist, then or later; what finds
// none is lost, and counted.

// parseRedrive reads the policy; none is no ARN. Its error is AWS's reason.
func parseRedrive(v string) (target awsapi.ARN, err error) {
	if v == "" {
		return target, nil
	}
	if text := syntax(v); text != "" {
		return target, errors.New("RedrivePolicy: " + text)
	}
	var in struct {
		DeadLetterTargetArn *string `json:"deadLetterTargetArn"`
	}
	if json.Unmarshal([]byte(v), &in) != nil || in.DeadLetterTargetArn == nil {
		if strings.Trim(v, " \t\r\n{}") == "" {
			return target, nil // {}: none
		}
		return target, errors.New("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	}
	target, err = awsapi.ParseARN(*in.DeadLetterTargetArn)
	if err != nil || target.Service != "sqs" {
		return target, errors.New("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	}
	return target, nil
}

// syntax is AWS's complaint of a text that is no JSON, "" if it is.
func syntax(text string) string {
	if json.Valid([]byte(text)) {
		return ""
	}
	_, err := filter.Parse(text, filter.MessageBody) // which words it as AWS's parser does
	if err == nil {
		return "failed to parse JSON."
	}
	return strings.TrimPrefix(err.Error(), "FilterPolicy: ")
}

// deadLetters is the name of the queue that gets what the subscription's queue may
// not have; "" where there is no policy.
func (s *Service) deadLetters(c *awsapi.Call, ns *core.Namespace, who *core.Principal, st *settings, fifo bool) (name string, err error) {
	arn, err := parseRedrive(st.redrive)
	if err != nil || arn.Resource == "" {
		return "", err
	}
	if fifo != strings.HasSuffix(arn.Resource, ".fifo") {
		if fifo {
			return "", errors.New("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.") //nolint:staticcheck // AWS's words
		}
		return "", errors.New("RedrivePolicy: must use a standard queue as DLQ for a subscription of a standard queue")
	}
	home, _, err := s.backend.For(c, arn.Account, arn.Region)
	if err != nil || home != ns {
		return "", errors.New("RedrivePolicy: the dead-letter queue must be of the topic's account and region")
	}
	name = arn.Resource
	if q, ok := s.backend.Names.FindQueue(ns, name); ok {
		name = q.Name()
	}
	if !who.MayQueue(core.Write, name) {
		return "", errors.New("RedrivePolicy: the user may not write to the dead-letter queue")
	}
	return name, nil
}
