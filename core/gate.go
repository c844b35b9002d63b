package core

import (
	"crypto/sha256"
	"encoding/hex"
)

// A gate is a queue that decides for all targets of a publish (QueueOptions.Gate):
// an SNS FIFO topic is one, bound to the topic's path. It is staged before the
// others. What it takes for a duplicate, or refuses, goes nowhere; the number it
// gives is written into the notes of the others (Dialect.Number) and is the
// outcome's. What the targets find in turn (a duplicate of their own, say) is
// no longer the publisher's concern.
//
// By its name nothing can be published to it: it would go to nobody, and into
// what a replay brings.
//
// Sinks are not behind it: what an online session gets at effective QoS 0 was
// sent before anything was decided.

// identify gives a message without a deduplication id the one that a gate would
// make of its content, so that targets without that option know it too.
func identify(m *Message, rs []route) {
	for i := range rs {
		q := rs[i].q
		if q == nil || !q.gate || m.DedupID != "" {
			continue
		}
		q.mu.Lock()
		content := q.opt.DedupContent
		q.mu.Unlock()
		if content {
			sum := sha256.Sum256(m.Body)
			m.DedupID = hex.EncodeToString(sum[:])
		}
	}
}

// gatesFirst puts the gates before the other targets.
func (op *publishOp) gatesFirst() {
	for i := range op.targets {
		if op.targets[i].q.gate {
			op.targets[op.gated], op.targets[i] = op.targets[i], op.targets[op.gated]
			op.gated++
		}
	}
}

// stopped says that a gate let nothing through.
func (op *publishOp) stopped() bool { return op.out.Err != nil || op.out.Duplicate }

// decides says whether the publisher is told what this queue found.
func (op *publishOp) decides(q *Queue) bool { return q.gate || op.gated == 0 }

// number numbers the entry of a grouped queue or gate, and has the others of a
// gate carry the gate's. Queue lock held.
func (op *publishOp) number(t *target, e *entry) {
	q := t.q
	if q.grouped || q.gate {
		q.head.number++
		e.number = q.head.number
		if op.decides(q) {
			op.out.Sequence = e.number
		}
	}
	if d := op.b.dialects[t.dialect]; op.gated > 0 && !q.gate && d.Number != nil {
		e.note = d.Number(t.note, op.out.Sequence, false)
	}
}
