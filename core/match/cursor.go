package match

import "bytes"

// Range is where the keys (EncodeLevels) of a filter's paths lie: lo <= key <
// hi, and hi nil for no upper end. It is as narrow as the filter's literal
// first levels are.
func (f Filter) Range() (lo, hi []byte) {
	c := f.Cursor()
	n := 0
	for n < len(c.fixed) && c.fixed[n] != nil {
		lo = append(lo, c.fixed[n]...)
		n++
	}
	hi = bytes.Clone(lo)
	switch {
	case n == len(c.fixed) && c.tail == tailNone:
		hi = append(hi, 0)
	case n == 0:
		hi = nil
	default:
		hi[len(hi)-1] = pastLevel
	}
	return lo, hi
}

// A Cursor steers an ordered scan of keys (EncodeLevels) to those that its
// filter matches: the scan asks about each key it meets and jumps to where it
// is told. Up to the first `#` it visits at most two keys per distinct run of
// levels under the wildcards, however many lie between; below a final `#`
// everything matches; below any other `#` it visits every key. A cursor
// belongs to one scan.
type Cursor struct {
	filter Filter   // immutable
	fixed  [][]byte // immutable; encoded levels before the first `#`, nil for `*`
	tail   tail     // immutable
	hides  bool     // immutable; nothing under `$` can match
	seek   []byte   // what Next returned last
}

// tail is what a filter has from its first `#` on.
type tail uint8

const (
	tailNone tail = iota
	tailAll       // `#` is the last level
	tailMore
)

// Cursor returns a cursor for the filter, to be started at Range's lo.
func (f Filter) Cursor() *Cursor {
	c := &Cursor{filter: f}
	l := levelsOf(f.enc)
	for l.more && c.tail == tailNone {
		switch token := l.next(); {
		case token == one:
			c.fixed = append(c.fixed, nil)
		case token != many:
			c.fixed = append(c.fixed, appendLevel(nil, unquote(token)))
		case l.more:
			c.tail = tailMore
		default:
			c.tail = tailAll
		}
	}
	c.hides = !f.namesReserved()
	return c
}

// namesReserved reports whether the filter could match a path under `$`.
func (f Filter) namesReserved() bool {
	for l := levelsOf(f.enc); l.more; {
		switch token := l.next(); token {
		case many:
		case one:
			return false
		default:
			return Reserved(token)
		}
	}
	return false
}

// Next reports whether the filter matches the path of a key, and the least key
// from which on the next match may lie: always beyond this one, nil when none
// is left. seek is valid until the next call. Bytes that are no key do not
// match and are stepped over.
func (c *Cursor) Next(key []byte) (match bool, seek []byte) {
	if c.hides && len(key) > 0 && key[0] == '$' {
		return false, append(c.seek[:0], '$'+1)
	}
	at, leapFrom := 0, -1
	for i, want := range c.fixed {
		if at == len(key) {
			return false, c.descend(key, i)
		}
		end := levelAfter(key, at)
		if end < 0 {
			return false, c.after(key)
		}
		if want == nil {
			leapFrom = end
		} else if order := bytes.Compare(key[at:end], want); order < 0 {
			return false, c.descend(key[:at], i)
		} else if order > 0 {
			return false, c.leap(key, leapFrom)
		}
		at = end
	}
	switch c.tail {
	case tailNone:
		return at == len(key), c.leap(key, leapFrom)
	case tailAll:
		return true, c.after(key)
	}
	path, ok := DecodeLevels(key)
	return ok && c.filter.Match(path), c.after(key)
}

// descend goes to the first path below a prefix that has the filter's levels
// from i on, as far as they are literal.
func (c *Cursor) descend(prefix []byte, i int) []byte {
	if c.fixed[i] == nil {
		return c.after(prefix)
	}
	c.seek = append(c.seek[:0], prefix...)
	for ; i < len(c.fixed) && c.fixed[i] != nil; i++ {
		c.seek = append(c.seek, c.fixed[i]...)
	}
	return c.seek
}

// leap goes past everything that shares the key's level under the filter's
// last `*`, which ends at n; there is nothing more where there was none.
func (c *Cursor) leap(key []byte, n int) []byte {
	if n < 0 {
		return nil
	}
	c.seek = append(c.seek[:0], key[:n]...)
	c.seek[n-1] = pastLevel
	return c.seek
}

// after is the least key beyond this one.
func (c *Cursor) after(key []byte) []byte {
	c.seek = append(append(c.seek[:0], key...), 0)
	return c.seek
}
