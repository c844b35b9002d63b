package sqs

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// attribute is one row of the table of queue attributes.
type attribute struct {
	def       string            // shown where nobody set it; "": not shown
	ok        func(string) bool // nil: read only
	fifo      bool              // of FIFO queues alone
	removable bool              // set to "" it goes away
}

// attributeTable is AWS.md section 2.
var attributeTable = map[string]attribute{
	sqsapi.QueueAttributeNameDelaySeconds:                  {def: "0", ok: between(0, 900)},
	sqsapi.QueueAttributeNameMaximumMessageSize:            {def: "1048576", ok: between(1024, maxMessage)},
	sqsapi.QueueAttributeNameMessageRetentionPeriod:        {def: "345600", ok: between(60, 1209600)},
	sqsapi.QueueAttributeNameReceiveMessageWaitTimeSeconds: {def: "0", ok: between(0, maxWait)},
	sqsapi.QueueAttributeNameVisibilityTimeout:             {def: "30", ok: between(0, maxVisibility)},

	sqsapi.QueueAttributeNameKmsDataKeyReusePeriodSeconds: {ok: between(60, 86400)},
	sqsapi.QueueAttributeNameKmsMasterKeyId:               {ok: anything, removable: true},
	sqsapi.QueueAttributeNameSqsManagedSseEnabled:         {def: "true", ok: boolean},
	sqsapi.QueueAttributeNamePolicy:                       {ok: anything, removable: true}, // checkPolicy
	sqsapi.QueueAttributeNameRedrivePolicy:                {ok: anything, removable: true}, // checkRedrive
	sqsapi.QueueAttributeNameRedriveAllowPolicy:           {ok: redriveAllow, removable: true},

	sqsapi.QueueAttributeNameFifoQueue:                 {def: "false", ok: boolean, fifo: true},
	sqsapi.QueueAttributeNameContentBasedDeduplication: {def: "false", ok: boolean, fifo: true},
	sqsapi.QueueAttributeNameDeduplicationScope:        {def: "queue", ok: oneOf("queue", "messageGroup"), fifo: true},
	sqsapi.QueueAttributeNameFifoThroughputLimit:       {def: "perQueue", ok: oneOf("perQueue", "perMessageGroupId"), fifo: true},

	sqsapi.QueueAttributeNameApproximateNumberOfMessages:           {},
	sqsapi.QueueAttributeNameApproximateNumberOfMessagesNotVisible: {},
	sqsapi.QueueAttributeNameApproximateNumberOfMessagesDelayed:    {},
	sqsapi.QueueAttributeNameCreatedTimestamp:                      {},
	sqsapi.QueueAttributeNameLastModifiedTimestamp:                 {},
	sqsapi.QueueAttributeNameQueueArn:                              {},
}

// attributeNames is the model's order.
var attributeNames = []string{
	sqsapi.QueueAttributeNamePolicy, sqsapi.QueueAttributeNameVisibilityTimeout, sqsapi.QueueAttributeNameMaximumMessageSize,
	sqsapi.QueueAttributeNameMessageRetentionPeriod, sqsapi.QueueAttributeNameApproximateNumberOfMessages,
	sqsapi.QueueAttributeNameApproximateNumberOfMessagesNotVisible, sqsapi.QueueAttributeNameCreatedTimestamp,
	sqsapi.QueueAttributeNameLastModifiedTimestamp, sqsapi.QueueAttributeNameQueueArn, sqsapi.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	sqsapi.QueueAttributeNameDelaySeconds, sqsapi.QueueAttributeNameReceiveMessageWaitTimeSeconds, sqsapi.QueueAttributeNameRedrivePolicy,
	sqsapi.QueueAttributeNameFifoQueue, sqsapi.QueueAttributeNameContentBasedDeduplication, sqsapi.QueueAttributeNameKmsMasterKeyId,
	sqsapi.QueueAttributeNameKmsDataKeyReusePeriodSeconds, sqsapi.QueueAttributeNameDeduplicationScope,
	sqsapi.QueueAttributeNameFifoThroughputLimit, sqsapi.QueueAttributeNameRedriveAllowPolicy, sqsapi.QueueAttributeNameSqsManagedSseEnabled,
}

func between(lo, hi int64) func(string) bool {
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && n >= lo && n <= hi
	}
}

func oneOf(values ...string) func(string) bool {
	return func(v string) bool {
		for _, x := range values {
			if v == x {
				return true
			}
		}
		return false
	}
}

func boolean(v string) bool { return v == "true" || v == "false" }

func anything(string) bool { return true }

// checkAttributes checks what a client wants to set on a queue that is, or is
// about to be, FIFO or not.
func checkAttributes(attrs awsapi.Map[string], fifo bool) error {
	for _, e := range attrs {
		a, known := attributeTable[e.Key]
		if !known || a.ok == nil {
			return unknownAttribute(e.Key)
		}
		if a.fifo && !fifo {
			return onlyFIFO(e.Key)
		}
		if e.Value == "" && a.removable {
			continue
		}
		if e.Key == sqsapi.QueueAttributeNamePolicy {
			if _, err := policy.SQS.Parse(e.Value); err != nil {
				return policyError(err)
			}
		}
		if !a.ok(e.Value) {
			return sqsapi.InvalidAttributeValue.Newf("Invalid value for the parameter %s.", e.Key)
		}
	}
	return nil
}

// checkTogether checks attributes that depend on each other, as they will be.
func checkTogether(set settings) error {
	if set.get(sqsapi.QueueAttributeNameFifoThroughputLimit) == "perMessageGroupId" &&
		set.get(sqsapi.QueueAttributeNameDeduplicationScope) != "messageGroup" {
		return sqsapi.InvalidAttributeValue.New("Invalid value for the parameter FifoThroughputLimit. Reason: " +
			"The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.")
	}
	if set[sqsapi.QueueAttributeNameKmsMasterKeyId] != "" && set[sqsapi.QueueAttributeNameSqsManagedSseEnabled] == "true" {
		return sqsapi.InvalidAttributeValue.New("You can use one type of server-side encryption (SSE) at one time. " +
			"You can either enable KMS SSE or SQS SSE.")
	}
	return nil
}

func unknownAttribute(name string) *awsapi.Error {
	return sqsapi.InvalidAttributeName.Newf("Unknown Attribute %s.", clip(name))
}

func onlyFIFO(name string) *awsapi.Error {
	switch name {
	case sqsapi.QueueAttributeNameDeduplicationScope, sqsapi.QueueAttributeNameFifoThroughputLimit:
		return sqsapi.InvalidAttributeName.Newf("You can specify the %s only when FifoQueue is set to true.", name)
	}
	return unknownAttribute(name)
}

// merge puts attributes into a queue's.
func (s settings) merge(attrs awsapi.Map[string]) {
	for _, e := range attrs {
		name, value := strings.Clone(e.Key), strings.Clone(e.Value)
		if value == "" && attributeTable[name].removable {
			delete(s, name)
			continue
		}
		s[name] = value
	}
}

// sameValue compares attributes; JSON by what it says.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	if !strings.HasPrefix(a, "{") || json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

func wireEntry[V any](key string, v V) wire.Entry[V] { return wire.Entry[V]{Key: key, Value: v} }
