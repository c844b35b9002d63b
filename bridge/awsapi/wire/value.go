package wire

import "time"

// Opt is a member that may be absent. An explicit zero is not absent:
// WaitTimeSeconds 0 overrides a queue's default, no WaitTimeSeconds does not.
type Opt[T any] struct {
	V  T
	Ok bool
}

// The scalar members of the models.
type (
	String = Opt[string]
	Int32  = Opt[int32]
	Int64  = Opt[int64]
	Bool   = Opt[bool]
	Time   = Opt[time.Time]
)

// Some is a present value.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, Ok: true} }

// Or is the value, or def when absent.
func (o Opt[T]) Or(def T) T {
	if o.Ok {
		return o.V
	}
	return def
}

// Entry is one entry of a Map.
type Entry[V any] struct {
	Key   string
	Value V
}

// Map is a map member in the order in which it was written; its keys are
// distinct. Messages carry at most ten attributes, so a slice is both smaller
// and faster than a Go map, and replies come out in a stable order.
type Map[V any] []Entry[V]

// Get finds a key.
func (m Map[V]) Get(key string) (V, bool) {
	for i := range m {
		if m[i].Key == key {
			return m[i].Value, true
		}
	}
	var zero V
	return zero, false
}

// Put sets a key, in place when it is there already. It looks through the whole
// map: it is for replies, whose size is ours, not for decoding.
func (m *Map[V]) Put(key string, v V) {
	for i := range *m {
		if (*m)[i].Key == key {
			(*m)[i].Value = v
			return
		}
	}
	*m = append(*m, Entry[V]{key, v})
}

// Unique drops the earlier of equal keys, as JSON readers do; linear in the
// number of entries, since a hostile request has thousands. Generated decoders
// call it once per map.
func Unique[V any](m Map[V]) Map[V] {
	if len(m) < 2 {
		return m
	}
	if len(m) <= 16 {
		return uniqueSmall(m)
	}
	at := make(map[string]int, len(m))
	out := m[:0]
	for _, e := range m {
		if i, ok := at[e.Key]; ok {
			out[i] = e
			continue
		}
		at[e.Key] = len(out)
		out = append(out, e)
	}
	return out
}

func uniqueSmall[V any](m Map[V]) Map[V] {
	out := m[:0]
next:
	for _, e := range m {
		for i := range out {
			if out[i].Key == e.Key {
				out[i] = e
				continue next
			}
		}
		out = append(out, e)
	}
	return out
}
