package core

import (
	"hash/fnv"
	"slices"
	"sort"
	"strconv"
)

// ring gives each binding of an x-consistent-hash exchange as many of the
// numbers from 0 as its weight says; a message's hash is mapped to one of them
// by jump consistent hashing, so that a binding that comes or goes moves few.
type ring struct {
	list []*Binding
	ends []int64 // one past the last number of each
}

// hashWeight reads a binding key of such an exchange.
func hashWeight(key string) (int64, error) {
	w, err := strconv.ParseInt(key, 10, 32)
	if err != nil || w <= 0 {
		return 0, errf(Invalid, "a binding key of an %s exchange is its weight, a number from 1: %q", ExchangeHash, key)
	}
	return w, nil
}

func (r *ring) add(b *Binding) {
	r.list = append(r.list, b)
	r.count()
}

func (r *ring) remove(b *Binding) {
	if i := slices.Index(r.list, b); i >= 0 {
		r.list = slices.Delete(r.list, i, i+1)
		r.count()
	}
}

func (r *ring) count() {
	r.ends = r.ends[:0]
	end := int64(0)
	for _, b := range r.list {
		end += b.weight
		r.ends = append(r.ends, end)
	}
}

func (r *ring) pick(hash uint64) *Binding {
	if len(r.list) == 0 {
		return nil
	}
	n := jump(hash, r.ends[len(r.ends)-1])
	return r.list[sort.Search(len(r.ends), func(i int) bool { return n < r.ends[i] })]
}

// jump is Lamping and Veach's jump consistent hash.
func jump(key uint64, buckets int64) int64 {
	b, j := int64(-1), int64(0)
	for j < buckets {
		b = j
		key = key*2862933555777941757 + 1
		j = int64(float64(b+1) * (float64(int64(1)<<31) / float64((key>>33)+1)))
	}
	return b
}

// hashed is what the exchange hashes of a message.
func (x *Exchange) hashed(m *Message, key string) uint64 {
	h := fnv.New64a()
	switch {
	case x.opt.HashHeader != "":
		if v, ok := m.Header(x.opt.HashHeader); ok {
			h.Write(codecAppendValue(nil, &v))
		}
	case x.opt.HashProperty == "message_id":
		h.Write([]byte(m.MessageID))
	case x.opt.HashProperty == "correlation_id":
		h.Write(m.Correlation)
	case x.opt.HashProperty == "timestamp":
		h.Write(strconv.AppendInt(nil, m.CreatedAt, 10))
	default:
		h.Write([]byte(key))
	}
	return h.Sum64()
}
