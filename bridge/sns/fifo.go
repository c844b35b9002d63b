package sns

import (
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// A FIFO topic has a gate: a hidden queue of the core, bound to the topic's path,
// that decides what is a duplicate before any subscriber gets it, numbers what is
// not, and, with an ArchivePolicy, keeps it. So it is for what other doors publish
// there: their deduplication id or, with ContentBasedDeduplication, the content's;
// where they name no group, the path is one.

const gatePrefix = "sns/"

// gateOf is the topic's gate; not there for a standard topic.
func gateOf(ns *core.Namespace, path string) (*core.Queue, bool) { return ns.Queue(gatePrefix + path) }

// gateOptions are what the topic's attributes make of its gate.
func gateOptions(attrs map[string]string) core.QueueOptions {
	o := core.QueueOptions{
		Dialect: fields.SNS, Durable: true, Hidden: true, Owner: "sns", Ordered: true, Gate: true,
		Dedup: core.DedupQueue, DedupContent: attrs[attrContentDedup] == "true", Hollow: true,
	}
	if attrs[attrThroughput] == "MessageGroup" {
		o.Dedup = core.DedupGroup
	}
	if days := archiveDays(attrs[attrArchive]); days > 0 {
		o.Hollow, o.Retention = false, time.Duration(days)*24*time.Hour
	}
	return o
}

// openGate makes the gate of a topic, or changes the one that there is. What an
// archive kept goes when the archive ends.
func openGate(ns *core.Namespace, path string, attrs map[string]string) error {
	o := gateOptions(attrs)
	q, created, err := ns.DeclareQueue(gatePrefix+path, o)
	if err != nil && core.KindOf(err) != core.Exists {
		return err
	}
	if created {
		_, err = ns.Bind(&core.Binding{
			Key: gatePrefix + path, Dialect: fields.SNS, Filter: match.Below(path), Queue: q,
			KeepTransient: true, KeepDurable: true, Durable: true, Copies: gatePrefix,
		})
		return err
	}
	if err := q.Update(func(old *core.QueueOptions) error {
		*old = o
		return nil
	}); err != nil || !o.Hollow {
		return err
	}
	return q.Purge()
}

// closeGate removes the gate of a topic, if it has one.
func closeGate(ns *core.Namespace, path string) error {
	if err := ns.DeleteQueue(gatePrefix + path); core.KindOf(err) != core.NotFound {
		return err
	}
	return nil
}
