package sqs

import (
	"maps"
	"strconv"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// inFlightLimit is AWS's, for standard and FIFO queues alike.
const inFlightLimit = 120_000

// settable tells queues whose attributes SQS may change: its own, and those that
// the configuration declared, which sets none. Changing what another door declared
// would make that door's next declaration fail.
func settable(o *core.QueueOptions) bool {
	return o.Dialect == fields.SQS || o.Dialect == "config" || o.Dialect == ""
}

// newOptions are those of a new queue.
func newOptions(set settings, tags map[string]string, dead core.Address) core.QueueOptions {
	o := core.QueueOptions{
		Dialect: fields.SQS, Attributes: set, Tags: tags, Durable: true, MaxInFlight: inFlightLimit,
		Grouped: set.get(sqsapi.QueueAttributeNameFifoQueue) == "true",
	}
	apply(&o, dead)
	return o
}

// apply translates the attributes of a settable queue into options of the core.
// The attributes were checked. Four days of retention are for queues that SQS
// created alone (DESIGN section 4). dead is the queue that a RedrivePolicy names
// which is set now; none leaves the one that there is.
func apply(o *core.QueueOptions, dead core.Address) {
	set := settings(o.Attributes)
	o.Lease = set.seconds(sqsapi.QueueAttributeNameVisibilityTimeout)
	o.Delay = set.seconds(sqsapi.QueueAttributeNameDelaySeconds)
	o.Retention = 0
	if _, ok := set[sqsapi.QueueAttributeNameMessageRetentionPeriod]; ok || o.Dialect == fields.SQS {
		o.Retention = set.seconds(sqsapi.QueueAttributeNameMessageRetentionPeriod)
	}
	o.Dedup, o.DedupContent = core.DedupOff, false
	if o.Grouped {
		o.Dedup = core.DedupQueue
		if set.get(sqsapi.QueueAttributeNameDeduplicationScope) == "messageGroup" {
			o.Dedup = core.DedupGroup
		}
		o.DedupContent = set.get(sqsapi.QueueAttributeNameContentBasedDeduplication) == "true"
	}
	p, err := parseRedrive(set[sqsapi.QueueAttributeNameRedrivePolicy])
	switch {
	case err != nil || p == nil:
		o.DeadLetter, o.MaxDeliveries = core.Address{}, 0
	case dead.Kind != core.NoAddress:
		o.DeadLetter, o.MaxDeliveries = dead, p.maxReceives
	}
}

// settings are a queue's attributes as clients wrote them.
type settings map[string]string

// get is an attribute's value, its default where nobody set it.
func (s settings) get(name string) string {
	if v, ok := s[name]; ok {
		return v
	}
	return attributeTable[name].def
}

// number is an attribute that was checked to be one.
func (s settings) number(name string) int64 {
	n, err := strconv.ParseInt(s.get(name), 10, 64)
	if err != nil {
		n, _ = strconv.ParseInt(attributeTable[name].def, 10, 64) // ours
	}
	return n
}

func (s settings) seconds(name string) time.Duration {
	return time.Duration(s.number(name)) * time.Second
}

// settings are what the client wrote, or for a queue of another door what its
// options come to in SQS's words. Its retention is the longest there is to say:
// nobody limited it (DESIGN section 4).
func (t *target) settings() settings {
	o := &t.options
	if o.Dialect == fields.SQS {
		return o.Attributes
	}
	set := settings{
		sqsapi.QueueAttributeNameMessageRetentionPeriod: "1209600",
		sqsapi.QueueAttributeNameSqsManagedSseEnabled:   "false",
	}
	if settable(o) {
		maps.Copy(set, o.Attributes)
	}
	seconds := func(name string, d time.Duration) {
		if d > 0 {
			set[name] = strconv.FormatInt(int64(d/time.Second), 10)
		}
	}
	seconds(sqsapi.QueueAttributeNameVisibilityTimeout, o.Lease)
	seconds(sqsapi.QueueAttributeNameDelaySeconds, o.Delay)
	seconds(sqsapi.QueueAttributeNameMessageRetentionPeriod, o.Retention)
	if o.Grouped {
		set[sqsapi.QueueAttributeNameFifoQueue] = "true"
		set[sqsapi.QueueAttributeNameContentBasedDeduplication] = strconv.FormatBool(o.DedupContent)
	}
	return set
}

// shownAttributes are all attributes as GetQueueAttributes gives them, in the
// model's order.
func (s *Service) shownAttributes(c *awsapi.Call, t *target) awsapi.Map[string] {
	set := maps.Clone(t.settings())
	if set == nil {
		set = settings{}
	}
	if o := &t.options; !settable(o) && o.DeadLetter.Kind == core.ToQueue && o.MaxDeliveries > 0 {
		set[sqsapi.QueueAttributeNameRedrivePolicy] = `{"deadLetterTargetArn":"` + c.ARN("sqs", s.backend.Names.Queue(t.ns, o.DeadLetter.Name)) +
			`","maxReceiveCount":` + strconv.Itoa(o.MaxDeliveries) + `}`
	}
	counts := t.Counts()
	set[sqsapi.QueueAttributeNameApproximateNumberOfMessages] = strconv.FormatInt(counts.Ready, 10)
	set[sqsapi.QueueAttributeNameApproximateNumberOfMessagesNotVisible] = strconv.FormatInt(counts.InFlight, 10)
	set[sqsapi.QueueAttributeNameApproximateNumberOfMessagesDelayed] = strconv.FormatInt(counts.Delayed, 10)
	set[sqsapi.QueueAttributeNameCreatedTimestamp] = strconv.FormatInt(t.CreatedAt()/1000, 10)
	set[sqsapi.QueueAttributeNameLastModifiedTimestamp] = strconv.FormatInt(t.ModifiedAt()/1000, 10)
	set[sqsapi.QueueAttributeNameQueueArn] = t.arn(c)
	var out awsapi.Map[string]
	for _, name := range attributeNames {
		a := attributeTable[name]
		if a.fifo && !t.fifo() {
			continue
		}
		v, ok := set[name]
		if !ok && a.def != "" && (name != sqsapi.QueueAttributeNameSqsManagedSseEnabled || set[sqsapi.QueueAttributeNameKmsMasterKeyId] == "") {
			v, ok = a.def, true
		}
		if ok {
			out = append(out, wireEntry(name, v))
		}
	}
	return out
}
