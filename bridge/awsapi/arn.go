package awsapi

import (
	"fmt"
	"strings"
)

// ARN is an Amazon resource name of any service.
type ARN struct {
	Partition, Service, Region, Account, Resource string
}

// String spells it.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// ARNError tells how many elements a string has that is no ARN: SNS's error text
// counts them.
type ARNError struct{ Elements int }

// Error implements error, in AWS's words.
func (e *ARNError) Error() string {
	return fmt.Sprintf("An ARN must have at least 6 elements, not %d", e.Elements)
}

// ParseARN splits an ARN; the resource keeps its own colons.
func ParseARN(s string) (ARN, error) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) < 6 {
		return ARN{}, &ARNError{Elements: len(parts)}
	}
	if parts[0] != "arn" || parts[1] == "" || parts[2] == "" || parts[5] == "" {
		return ARN{}, fmt.Errorf("not an ARN: %.100q", s)
	}
	return ARN{Partition: parts[1], Service: parts[2], Region: parts[3], Account: parts[4], Resource: parts[5]}, nil
}

// SubscriptionARN names a subscription of a topic: the topic's ARN and an id.
func SubscriptionARN(topic ARN, id string) string { return topic.String() + ":" + id }

// SplitSubscription takes an SNS ARN's resource apart: a topic's has no id.
func (a ARN) SplitSubscription() (topic, id string) {
	topic, id, _ = strings.Cut(a.Resource, ":")
	return topic, id
}

// PartitionOf is the partition that a region lies in.
func PartitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
