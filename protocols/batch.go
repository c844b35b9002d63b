package protocols

// maxBatch is how many outputs a batch collects before it flushes them itself.
const maxBatch = 256

// Batch is the set of outputs that one goroutine appended to and flushes
// together, so that many frames for one client leave in one write. It belongs to
// that goroutine. The zero value is ready.
type Batch struct {
	outs []*Output
}

// Add notes that o wants a flush.
func (b *Batch) Add(o *Output) {
	if o.batch.Swap(b) == b {
		return // here already; another batch may have it too, which is harmless
	}
	if b.outs = append(b.outs, o); len(b.outs) == maxBatch {
		b.Flush()
	}
}

// Flush flushes all and forgets them.
func (b *Batch) Flush() {
	for i, o := range b.outs {
		o.batch.CompareAndSwap(b, nil)
		o.Flush()
		b.outs[i] = nil
	}
	b.outs = b.outs[:0]
}
