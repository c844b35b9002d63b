package amqp091

import (
	"slices"
	"sort"

	"github.com/slipwaymq/slipway/core"
)

// held is a delivery that the client has not settled; k is nil for one that it
// has.
type held struct {
	tag     uint64
	k       *consumer
	receipt core.Receipt
}

// unacked are the unsettled deliveries of a channel, in order of their tags.
// What is settled out of order leaves a hole; holes are closed when they are
// more than half.
type unacked struct {
	last uint64 // the last tag given
	list []held
	held int // of list, without holes
	got  int // of held, those of basic.get: they count towards no prefetch
}

func (u *unacked) next() uint64 { u.last++; return u.last }

func (u *unacked) push(h held) {
	u.list = append(u.list, h)
	u.count(h, 1)
}

// count books n deliveries more.
func (u *unacked) count(h held, n int) {
	u.held += n
	if h.k.tag == "" {
		u.got += n
	}
}

// find is the place of a tag, or of the first after it.
func (u *unacked) find(tag uint64) int {
	if len(u.list) == 0 {
		return 0
	}
	if i := tag - u.list[0].tag; i < uint64(len(u.list)) && u.list[i].tag == tag { // the usual case: no gaps
		return int(i)
	}
	return sort.Search(len(u.list), func(i int) bool { return u.list[i].tag >= tag })
}

// take removes a delivery, or, with several, all up to and with it (0: all),
// and hands them to f. It reports whether the one of that tag was there.
func (u *unacked) take(tag uint64, several bool, f func(held)) bool {
	i := u.find(tag)
	there := i < len(u.list) && u.list[i].tag == tag && u.list[i].k != nil
	switch {
	case several && tag == 0:
		i = len(u.list) - 1
	case !there:
		return false
	case !several:
		u.count(u.list[i], -1)
		f(u.list[i])
		u.list[i].k = nil
		u.tidy()
		return true
	}
	for _, h := range u.list[:i+1] {
		if h.k != nil {
			u.count(h, -1)
			f(h)
		}
	}
	u.list = u.list[:copy(u.list, u.list[i+1:])]
	u.tidy()
	return true
}

// keptUnacked is the memory that an idle channel keeps.
const keptUnacked = 64

func (u *unacked) tidy() {
	switch {
	case u.held == 0 && cap(u.list) > keptUnacked:
		u.list = nil
	case u.held == 0:
		u.list = u.list[:0]
	case len(u.list) > keptUnacked && u.held < len(u.list)/2:
		rest := u.list[:0]
		for _, h := range u.list {
			if h.k != nil {
				rest = append(rest, h)
			}
		}
		clear(u.list[len(rest):])
		u.list = rest
	}
}

// restore puts back, at its place, what was taken.
func (u *unacked) restore(h held) {
	i := u.find(h.tag)
	u.count(h, 1)
	if i < len(u.list) && u.list[i].tag == h.tag {
		u.list[i] = h
		return
	}
	u.list = slices.Insert(u.list, i, h)
}
