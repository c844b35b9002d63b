package core

import "encoding/binary"

// codecReader takes fields off the front of b. The first error stays: what is
// read after it is zero, so callers look at err once, at the end.
type codecReader struct {
	b      []byte
	values int // how many more elements may be allocated
	err    error
}

func (r *codecReader) fail(what string) {
	if r.err == nil {
		r.err = errf(Internal, "stored message is damaged: %s", what)
	}
	r.b = nil
}

// take is the next n bytes, nil for none. Its capacity ends with it, so that
// an append cannot write into what follows.
func (r *codecReader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail("it ends early")
		return nil
	}
	if n == 0 {
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *codecReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *codecReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("bad number")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *codecReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail("bad number")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *codecReader) bytes() []byte  { return r.take(r.uvarint()) }
func (r *codecReader) string() string { return codecAlias(r.bytes()) }

func (r *codecReader) strings() []string {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.string()
	}
	return list
}

func (r *codecReader) address() Address {
	a := Address{Kind: AddressKind(r.byte()), Name: r.string()}
	if a.Kind == ToExchange {
		a.Key = r.string()
	}
	if a.Kind > ToExchange {
		r.fail("unknown address kind")
	}
	return a
}

// count reads how many elements of at least shortest bytes follow. What it
// returns may be allocated: over a whole message the sum is bounded by values,
// whatever the nested counts claim.
func (r *codecReader) count(shortest int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/shortest) || n > uint64(r.values) {
		r.fail("bad count")
		return 0
	}
	r.values -= int(n)
	return int(n)
}

func (r *codecReader) headers(depth int) []Header {
	n := r.count(2)
	if n == 0 {
		return nil
	}
	hs := make([]Header, n)
	for i := range hs {
		if r.err != nil {
			return nil
		}
		hs[i].Name = r.string()
		r.value(&hs[i].Value, depth)
	}
	return hs
}

func (r *codecReader) list(depth int) []Value {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	vs := make([]Value, n)
	for i := range vs {
		if r.err != nil {
			return nil
		}
		r.value(&vs[i], depth)
	}
	return vs
}

func (r *codecReader) value(v *Value, depth int) {
	v.Kind = ValueKind(r.byte())
	if v.Kind >= Array && depth == codecMaxDepth {
		r.fail("nested too deep")
		return
	}
	switch v.Kind {
	case Null:
	case String, Number:
		v.Str = r.string()
	case Bytes:
		v.Raw = r.bytes()
	case Bool:
		v.num = uint64(r.byte())
		if v.num > 1 {
			r.fail("bad truth value")
		}
	case Int, Time:
		v.num = uint64(r.varint())
	case Uint:
		v.num = r.uvarint()
	case Float:
		if b := r.take(8); b != nil {
			v.num = binary.BigEndian.Uint64(b)
		}
	case Array:
		v.List = r.list(depth + 1)
	case Map:
		v.Map = r.headers(depth + 1)
	default:
		r.fail("unknown value kind")
	}
}
