package mqtt

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// A session outlives the permissions that its subscriptions were made with: a
// resumed one keeps only what its user may still read. Subscriptions are looked
// at before the session is taken up, messages when they are about to be sent.
// What stands for other queues restore looks at.

// attrRevoked is the session's attribute that says that it lost a subscription.
const attrRevoked = "revoked"

// revoke drops the subscriptions that are no longer permitted. The claim is
// ours, so no connection has the session. revoked says that there was one, now
// or ever.
func (c *conn) revoke(cs *core.Session) (revoked bool, err error) {
	revoked = cs.Attributes()[attrRevoked] != ""
	if c.principal.Anonymous {
		return revoked, nil
	}
	var keys []string
	for _, b := range c.ns.BindingsOf(cs.Queue()) {
		if b.Attributes[attrShared] != "" || b.Attributes[attrQueue] != "" {
			continue
		}
		filter, err := match.ParseMQTT(strings.TrimPrefix(b.Key, cs.Prefix()+"\x00"))
		if err == nil && c.principal.MayTopic(core.Read, filter) {
			continue
		}
		keys = append(keys, b.Key)
		c.h.cfg.Log.Warn("a subscription is dropped: its user may no longer read it",
			"client", cs.ID(), "user", c.principal.Name, "filter", strings.TrimPrefix(b.Key, cs.Prefix()+"\x00"))
	}
	if len(keys) == 0 {
		return revoked, nil
	}
	c.h.counters.Revoked.Add(uint64(len(keys)))
	_, err = c.ns.Unbind(keys...)
	return true, err
}

// mayReceive says whether a message of the session's own queue, or a retained
// value, may be sent to the client. Lock held.
func (c *conn) mayReceive(m *core.Message) bool {
	if c.principal.Anonymous {
		return true
	}
	// A dead letter keeps the path that it was first published to, while the
	// permission is for the one that it was dead-lettered to, which nothing says
	// any more: it is doubtful only where a subscription was revoked.
	if len(m.Deaths) > 0 && !c.revoked {
		return true
	}
	if m.Source.Kind != core.ToTopic && m.Source.Kind != core.ToExchange {
		return false
	}
	if path := topicOf(m.Source); path != c.readable.path {
		c.readable.path, c.readable.yes = path, c.principal.MayPath(core.Read, path) &&
			(!c.revoked || c.principal.MayKey(core.Read, core.AMQTopic, match.Swap(path)))
	}
	return c.readable.yes
}

// A readable is the last path that was looked at: nearly always the next
// message has the same.
type readable struct {
	path string
	yes  bool
}
