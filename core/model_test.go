package core_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// A model is what the broker should hold: plain lists of copies with states.
// It is driven by one goroutine, between quiet points.
type model struct {
	queues map[string]*modelQueue
	step   int // number of the operation under way
	order  int64
	now    func() int64
}

type modelQueue struct {
	name    string
	opt     core.QueueOptions
	copies  []*modelCopy
	dead    string
	deduped map[string]int64 // deduplication id: when
}

// A modelCopy is one message in one queue.
type modelCopy struct {
	id         string
	m          *core.Message
	order      int64 // place in its lane; 0: the model cannot know
	due        int64
	expires    int64
	stored     bool // it survives a restart
	maybe      bool // after a crash: it may be gone
	deliveries int  // -1: the model cannot know
	held       bool
	until      int64 // of a pull lease
	by         *modelConsumer
	receipt    core.Receipt
	since      int // step in which it became visible
	origin     string
}

func (c *modelCopy) big() bool { return len(c.m.Body) > 1000 }

// before is the queue's order, where both places are known.
func (c *modelCopy) before(o *modelCopy) bool {
	if c.order == 0 || o.order == 0 {
		return false
	}
	return c.m.Priority > o.m.Priority || c.m.Priority == o.m.Priority && c.order < o.order
}

type filter func(*modelCopy) bool

func anything(*modelCopy) bool { return true }

func (q *modelQueue) group(c *modelCopy) string {
	if c.m.GroupID != "" {
		return c.m.GroupID
	}
	return c.m.Source.Name
}

// ready says whether a copy waits and may be handed out as far as its group
// is concerned; pulling is a group that the same pull holds.
func (m *model) ready(q *modelQueue, c *modelCopy, pulling map[string]bool) bool {
	if c.held || c.due > m.now() {
		return false
	}
	if !q.opt.Grouped || pulling[q.group(c)] {
		return true
	}
	return !slices.ContainsFunc(q.copies, func(o *modelCopy) bool { return o.held && q.group(o) == q.group(c) })
}

// next checks that c may be handed to a reader with that filter now.
func (m *model) next(q *modelQueue, c *modelCopy, fits filter, pulling map[string]bool) error {
	switch {
	case c.held:
		return fmt.Errorf("%s is held already", c.id)
	case c.due > m.now():
		return fmt.Errorf("%s is not due", c.id)
	case !fits(c):
		return fmt.Errorf("%s does not fit this reader", c.id)
	case !m.ready(q, c, pulling):
		return fmt.Errorf("%s is of the locked group %q", c.id, q.group(c))
	}
	// A group stands where its first stands, whether that fits or not.
	anyGroup := !q.opt.Grouped || !slices.ContainsFunc(q.copies, func(o *modelCopy) bool {
		return o != c && !o.held && q.group(o) == q.group(c) && (o.order == 0 || o.before(c))
	})
	for _, o := range q.copies {
		if o == c || !o.before(c) || !fits(o) || o.held || o.due > m.now() || m.spent(q, o) {
			continue
		}
		known := o.since < m.step || o.m.Priority == c.m.Priority
		if q.opt.Grouped && q.group(o) == q.group(c) && known {
			return fmt.Errorf("%s before %s of its group", c.id, o.id)
		}
		// Once a pull is in a group it goes on with it.
		if anyGroup && o.since < m.step && len(pulling) == 0 && m.ready(q, o, nil) {
			return fmt.Errorf("%s before %s (places %d, %d)", c.id, o.id, c.order, o.order)
		}
	}
	return nil
}

// spent says that the next pick dead-letters it, or may.
func (m *model) spent(q *modelQueue, c *modelCopy) bool {
	return q.opt.MaxDeliveries > 0 && (c.deliveries < 0 || c.deliveries >= q.opt.MaxDeliveries)
}

// delivered notes a delivery and checks it.
func (m *model) delivered(name string, d core.Delivery, fits filter, pulling map[string]bool) (*modelCopy, error) {
	q := m.queues[name]
	c := q.find(d)
	if c == nil {
		return nil, fmt.Errorf("%s: delivery of %s, which is not there", name, idOf(d.Message))
	}
	if err := m.next(q, c, fits, pulling); err != nil {
		return c, fmt.Errorf("%s: delivery of %w", name, err)
	}
	if c.deliveries >= 0 && d.Deliveries != c.deliveries+1 {
		return c, fmt.Errorf("%s: delivery %d of %s, expected %d", name, d.Deliveries, c.id, c.deliveries+1)
	}
	if string(d.Message.Body) != string(c.m.Body) || d.Message.Priority != c.m.Priority || d.Message.Type != c.m.Type {
		return c, fmt.Errorf("%s: %s is not what was published", name, c.id)
	}
	c.held, c.deliveries, c.receipt = true, d.Deliveries, d.Receipt
	return c, nil
}

// find is the copy that a delivery is of: the one of that place, or one that
// was never delivered.
func (q *modelQueue) find(d core.Delivery) *modelCopy {
	id := idOf(d.Message)
	var found *modelCopy
	for _, c := range q.copies {
		if c.id != id {
			continue
		}
		if c.receipt.Seq == d.Receipt.Seq && c.receipt.Incarnation == d.Receipt.Incarnation {
			return c
		}
		if c.receipt == (core.Receipt{}) && c.origin == trail(d.Message) && found == nil {
			found = c
		}
	}
	return found
}

// back makes a held copy visible again.
func (m *model) back(c *modelCopy) {
	c.held, c.by, c.until, c.since = false, nil, 0, m.step
}

func (m *model) remove(q *modelQueue, c *modelCopy) {
	if i := slices.Index(q.copies, c); i >= 0 {
		q.copies = slices.Delete(q.copies, i, i+1)
	}
}

// die moves a copy to the queue's dead letters.
func (m *model) die(q *modelQueue, c *modelCopy) {
	m.remove(q, c)
	dead := m.queues[q.dead]
	if dead == nil {
		return
	}
	dead.copies = append(dead.copies, &modelCopy{
		id: c.id, m: c.m, stored: dead.opt.Durable && c.m.Durable, origin: cmp.Or(c.origin, q.name), since: m.step, maybe: c.maybe,
	})
}

// arrive adds a published copy.
func (m *model) arrive(q *modelQueue, msg *core.Message) *modelCopy {
	m.order++
	c := &modelCopy{id: idOf(msg), m: msg, order: m.order, due: msg.DeliverAt, expires: msg.ExpiresAt, since: m.step}
	c.stored = q.opt.Durable && (msg.Durable || c.due > m.now())
	q.copies = append(q.copies, c)
	return c
}

// shed is what MaxLength with DropHead does when something arrived.
func (m *model) shed(q *modelQueue) {
	for q.opt.MaxLength > 0 {
		var ready []*modelCopy
		for _, c := range q.copies {
			if !c.held && c.due <= m.now() {
				ready = append(ready, c)
			}
		}
		if int64(len(ready)) <= q.opt.MaxLength {
			return
		}
		head := ready[0]
		for _, c := range ready {
			if c.before(head) {
				head = c
			}
		}
		m.die(q, head)
	}
}

// passed notes that time went on.
func (m *model) passed(was int64) {
	now := m.now()
	for _, name := range m.names() {
		q := m.queues[name]
		due := slices.DeleteFunc(slices.Clone(q.copies), func(c *modelCopy) bool { return c.due <= was || c.due > now })
		slices.SortStableFunc(due, func(a, b *modelCopy) int { return cmp.Compare(a.due, b.due) })
		for _, c := range due {
			c.due = now + 1
		}
		at := int64(0)
		for _, c := range slices.Clone(q.copies) {
			if c.held && c.by == nil && c.until <= now {
				at = c.until
				m.back(c)
			}
		}
		m.expireBy(q, at)
		m.shed(q)
		for _, c := range due {
			m.order++
			c.order, c.since, c.due = m.order, m.step, 0
			m.shed(q)
		}
		m.expire(q)
	}
}

func (m *model) expire(q *modelQueue) { m.expireBy(q, m.now()) }

func (m *model) expireBy(q *modelQueue, now int64) {
	for _, c := range slices.Clone(q.copies) {
		if c.expires != 0 && c.expires <= now && !c.held && c.due <= m.now() {
			m.die(q, c)
		}
	}
}

// restarted is what a clean stop and start leave.
func (m *model) restarted() {
	for _, q := range m.queues {
		if !q.opt.Durable {
			q.copies = nil
			continue
		}
		q.copies = slices.DeleteFunc(q.copies, func(c *modelCopy) bool { return !c.stored })
		for _, c := range q.copies {
			if c.held && c.by != nil {
				m.back(c)
				c.deliveries = -1 // what of it was recorded depends on when
			}
		}
	}
	for _, q := range m.queues {
		m.expire(q)
	}
}

func (m *model) names() []string {
	var names []string
	for name := range m.queues {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m *model) counts(q *modelQueue) (n core.QueueCounts) {
	for _, c := range q.copies {
		switch {
		case c.held:
			n.InFlight++
		case c.due > m.now():
			n.Delayed++
		default:
			n.Ready++
		}
	}
	return n
}

// idOf is the name of a message that the tests gave it: its body up to a bar.
func idOf(m *core.Message) string {
	id, _, _ := strings.Cut(string(m.Body[:min(len(m.Body), 20)]), "|")
	return id
}

// A modelConsumer is a push consumer and what it should hold.
type modelConsumer struct {
	c      *core.Consumer
	queue  string
	credit int
	noAck  bool
	fits   filter
	held   []heldReceipt
}

type heldReceipt struct {
	r core.Receipt
	c *modelCopy // nil: a purge took it
}

const leaseStep = 300 * time.Millisecond // no lease ends where something else does
