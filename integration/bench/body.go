package main

import (
	"strconv"
	"strings"
	"time"
)

// A body is text, so that SQS carries it: in hexadecimal the time it was due
// (16 digits, nanoseconds since 1970), the run (4), the producer (4) and its
// sequence (8), and then padding.
const (
	bodyTime = 16
	bodyRun  = bodyTime + 4
	bodyFrom = bodyRun + 4
	bodyHead = bodyFrom + 8
)

const hexDigits = "0123456789abcdef"

func putHex(b []byte, v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = hexDigits[v&15]
		v >>= 4
	}
}

func getHex(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// newBody is a body of size bytes, at least its head.
func newBody(size int, run uint16, from int) []byte {
	const padding = "The quick brown fox jumps over the lazy dog. "
	b := []byte(strings.Repeat(padding, max(size, bodyHead)/len(padding)+1))[:max(size, bodyHead)]
	putHex(b[bodyTime:bodyRun], uint64(run))
	putHex(b[bodyRun:bodyFrom], uint64(from))
	stamp(b, time.Time{}, 0)
	return b
}

func stamp(b []byte, due time.Time, seq uint32) {
	putHex(b[:bodyTime], uint64(due.UnixNano()))
	putHex(b[bodyFrom:bodyHead], uint64(seq))
}

// A head is what a body begins with.
type head struct {
	due  int64 // nanoseconds since 1970
	run  uint16
	from int
	seq  uint32
}

func readHead(b []byte) (h head, ok bool) {
	if len(b) < bodyHead {
		return head{}, false
	}
	due, ok1 := getHex(b[:bodyTime])
	run, ok2 := getHex(b[bodyTime:bodyRun])
	from, ok3 := getHex(b[bodyRun:bodyFrom])
	seq, ok4 := getHex(b[bodyFrom:bodyHead])
	return head{int64(due), uint16(run), int(from), uint32(seq)}, ok1 && ok2 && ok3 && ok4
}

// name is a name that no other run has.
func name(s *Scenario, run uint16) string {
	return "bench-" + s.Name + "-" + strconv.Itoa(int(run)) + "-" + strconv.FormatInt(time.Now().UnixMilli()&0xffffff, 36)
}
