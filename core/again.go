package core

// A message that is to come again (Message.Again) is one delayed entry at a time:
// the step that moves it into the queue's order writes the next one, so that after a
// crash there is always exactly one of the two, and no more copies come than were
// asked for.

// repeat stages the entry that comes after e, which is due, if one does. Queue lock
// held.
func (op *dueOp) repeat(g *staging, e *entry, keep keeping) {
	q, m := op.q, e.msg
	if e.inc != q.head.inc || m == nil || m.Again <= 0 || m.Every <= 0 || m.DeliverAt != e.due {
		return // it could not be read, or it waited for something else
	}
	next := *m
	next.ID, next.Again = q.ns.b.NewMessageID(), m.Again-1
	if next.DeliverAt = m.DeliverAt + m.Every; next.DeliverAt <= g.now {
		next.DeliverAt = g.now + m.Every // the broker was away: not all at once
	}
	if m.ExpiresAt != 0 && next.DeliverAt >= m.ExpiresAt {
		return
	}
	n := q.newEntry(&next, e.note, e.size, g.now)
	n.keep, n.group, n.due = keep, e.group, next.DeliverAt
	if q.grouped || q.gate {
		q.head.number++
		n.number = q.head.number
	}
	q.stageEntry(g, n, keep == inStore, nil)
	op.again = append(op.again, n)
}
