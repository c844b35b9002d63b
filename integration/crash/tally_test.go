package crash

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// A tally is what one subscriber received, against what each publisher sent:
// its messages are numbered, and have to come once each and in order.
type tally struct {
	came       [][]uint8 // how often, by publisher and message
	last       []int     // by publisher; the message before, or -1
	total      int       // of all that came
	complaints []string
}

func newTally(totals ...int) *tally {
	t := &tally{}
	for _, n := range totals {
		t.came = append(t.came, make([]uint8, n))
		t.last = append(t.last, -1)
	}
	return t
}

var filler = []byte(noise(310 << 10))

// bodyOf is what a publisher's message carries: few bytes, enough for a body
// that is stored once for all queues, or so many that it is stored in pieces.
func bodyOf(publisher, message int) []byte {
	size := 20
	switch {
	case message%500 == 499:
		size = 300 << 10
	case message%4 == 0:
		size = 600
	}
	return append(fmt.Appendf(nil, "%d.%d ", publisher, message), filler[message%4096:][:size]...)
}

func (t *tally) complain(format string, args ...any) {
	if len(t.complaints) < 20 {
		t.complaints = append(t.complaints, fmt.Sprintf(format, args...))
	}
}

// take books a message.
func (t *tally) take(body []byte) {
	t.total++
	name, _, _ := bytes.Cut(body, []byte(" "))
	first, second, _ := strings.Cut(string(name), ".")
	p, err1 := strconv.Atoi(first)
	n, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || p < 0 || p >= len(t.came) || n < 0 || n >= len(t.came[p]) || !bytes.Equal(body, bodyOf(p, n)) {
		t.complain("%.40q was never sent", body)
		return
	}
	if t.came[p][n]++; t.came[p][n] > 1 {
		t.complain("%s came %d times, last after %d", name, t.came[p][n], t.last[p])
		return
	}
	if n < t.last[p] {
		t.complain("%s came after %d", name, t.last[p])
	}
	t.last[p] = n
}

// audit complains of what came wrong, or not at all.
func (t *tally) audit() []string {
	for p, came := range t.came {
		for n, times := range came {
			if times == 0 {
				t.complain("%d.%d is lost", p, n)
			}
		}
	}
	return t.complaints
}

// The tally finds each kind of mistake, and nothing where there is none.
func TestTally(t *testing.T) {
	for _, tt := range []struct {
		came string
		want string
	}{
		{"0.0 1.0 0.1 0.2 1.1", ""},
		{"0.0 1.0 1.1 0.1 0.2", ""},
		{"0.0 1.0 0.2 1.1", "0.1 is lost"},
		{"0.0 1.0 0.2 0.1 1.1", "0.1 came after 2"},
		{"0.0 1.0 0.0 0.1 0.2 1.1", "0.0 came 2 times, last after 0"},
		{"0.0 1.0 0.1 0.2 1.1 1.2", `"1.2 " was never sent`},
	} {
		l := newTally(3, 2)
		for name := range strings.FieldsSeq(tt.came) {
			var p, n int
			if _, err := fmt.Sscanf(name, "%d.%d", &p, &n); err != nil {
				t.Fatal(err)
			}
			body := bodyOf(p, n)
			if n >= len(l.came[p]) {
				body = []byte(name + " ")
			}
			l.take(body)
		}
		if got := strings.Join(l.audit(), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.came, got, tt.want)
		}
	}
	l := newTally(1)
	body := bodyOf(0, 0)
	body[len(body)-1]++
	if l.take(body); len(l.complaints) == 0 {
		t.Error("a byte that changed was not noticed")
	}
}
