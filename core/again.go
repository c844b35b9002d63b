package core

import (
	"time"

	"github.com/slipwaymq/slipway/core/cron"
)

// A message that is to come again (Message.Again, Message.Cron) is one delayed entry
// at a time: the step that moves it into the queue's order writes the next one, so
// that after a crash there is always exactly one of the two, and no more copies come
// than were asked for. One with both is two from then on: the rest of what begins now,
// and what begins at the next time of the calendar.

// repeat stages the entries that come after e, which is due. Queue lock held.
func (op *dueOp) repeat(g *staging, e *entry, keep keeping) {
	q, m := op.q, e.msg
	if e.inc != q.head.inc || m == nil || m.DeliverAt != e.due {
		return // it could not be read, or it waited for something else
	}
	for _, next := range m.following(q.ns.b.clock.Now()) {
		if m.ExpiresAt != 0 && next.DeliverAt >= m.ExpiresAt {
			continue
		}
		next.ID = q.ns.b.NewMessageID()
		n := q.newEntry(&next, e.note, e.size, g.now)
		n.keep, n.group, n.due = keep, e.group, next.DeliverAt
		if q.grouped || q.gate {
			q.head.number++
			n.number = q.head.number
		}
		q.stageEntry(g, n, keep == inStore, nil)
		op.again = append(op.again, n)
	}
}

// following returns what comes after m, which is due: nothing, mostly.
func (m *Message) following(now time.Time) (list []Message) {
	if m.Again > 0 && m.Every > 0 {
		next := *m
		next.Again, next.Cron, next.CronDelay = m.Again-1, "", 0
		if next.DeliverAt = m.DeliverAt + m.Every; next.DeliverAt <= now.UnixMilli() {
			next.DeliverAt = now.UnixMilli() + m.Every // the broker was away: not all at once
		}
		list = append(list, next)
	}
	if m.Cron != "" {
		next := *m
		err := next.onCalendar(time.UnixMilli(m.DeliverAt - m.CronDelay).In(now.Location()))
		if err == nil && next.DeliverAt <= now.UnixMilli() {
			err = next.onCalendar(now) // as above
		}
		if err == nil {
			list = append(list, next)
		}
	}
	return list
}

// onCalendar sets when a message with a Cron comes next, behind after.
func (m *Message) onCalendar(after time.Time) error {
	s, err := cron.Parse(m.Cron)
	if err != nil {
		return errf(Invalid, "%v", err)
	}
	m.DeliverAt = s.Next(after).UnixMilli() + m.CronDelay
	return nil
}
