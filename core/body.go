package core

import "encoding/binary"

// Bodies in table b. A message that several queues keep, or a large one, is
// stored once; each entry refers to it and the last to go deletes it. Every
// chunk's value begins with the count of references (Store.Release).
const (
	sharedFrom = 257       // smallest message that is worth sharing
	chunkBytes = 256 << 10 // larger messages are written in chunks ahead of the group that refers to them
)

// stageLarge writes a large message's chunks ahead, each an operation of its
// own, so that no group carries the whole; the entry in table o lets a
// restart find chunks that nothing came to refer to.
func (op *publishOp) stageLarge() {
	if len(op.encoded) <= chunkBytes || len(op.targets) == 0 {
		return
	}
	op.ahead = true
	op.body = bodyRef{id: op.b.newID(), chunks: (len(op.encoded) + chunkBytes - 1) / chunkBytes}
	id, refs := op.body.id, uint32(len(op.targets))
	for i := range op.body.chunks {
		part := op.encoded[i*chunkBytes : min(len(op.encoded), (i+1)*chunkBytes)]
		op.b.committer.submit(&change{write: func(g *staging) {
			if i == 0 {
				g.batch.Set(numKey(tabOrphan, id), binary.AppendUvarint(nil, uint64(op.body.chunks)))
			}
			g.setCounted(bodyKey(nil, id, i), refs, part, nil)
		}}, Local, 0)
	}
}

// placeBody decides, before the targets are staged, whether they share.
func (op *publishOp) placeBody(g *staging) {
	if op.body.id == 0 && len(op.targets) > 1 && (op.encoded == nil || len(op.encoded) >= sharedFrom) {
		op.body = bodyRef{id: op.b.newID(), chunks: 1}
	}
}

// settleBody writes the shared body with the references it came to have, or
// gives up those of the chunks written ahead that it does not have.
func (op *publishOp) settleBody(g *staging) {
	if op.body.id == 0 {
		return
	}
	var refs uint32
	for i := range op.targets {
		if e := op.targets[i].e; e != nil && e.keep != inMemory {
			refs++
		}
	}
	if !op.ahead {
		if refs > 0 {
			g.setCounted(bodyKey(nil, op.body.id, 0), refs, op.encoded, op.pub.Message)
		}
		return
	}
	g.batch.Delete(numKey(tabOrphan, op.body.id))
	for ; refs < uint32(len(op.targets)); refs++ {
		op.body.release(g)
	}
}

// setCounted writes a chunk, or the whole message m where val is nil.
func (g *staging) setCounted(key []byte, refs uint32, val []byte, m *Message) {
	g.val = binary.BigEndian.AppendUint32(g.val[:0], refs)
	if val == nil {
		g.val, val = appendMessageHead(g.val, m), m.Body
	}
	g.batch.SetJoined(key, g.val, val)
}

// readBody reads a shared message.
func (b *Broker) readBody(r bodyRef) (*Message, error) {
	var encoded []byte
	for i := range r.chunks {
		ok, err := b.store.Get(bodyKey(nil, r.id, i), func(val []byte) error {
			if len(val) < 4 {
				return errEntry
			}
			encoded = append(encoded, val[4:]...)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, errEntry
		}
	}
	return decodeMessage(encoded)
}
