package crash

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A fifoLedger is what clients know of a FIFO queue. A body is its group, a
// dot, and its number in the group; it is its deduplication id too.
type fifoLedger struct {
	mu         sync.Mutex
	groups     [][]fifoMessage // guarded by mu; by number
	gone       []int           // guarded by mu; by group: of all before somebody tried the deletion
	confirmed  []int           // guarded by mu; by group: the last whose deletion was confirmed, or -1
	sent, done int             // guarded by mu; messages whose sending, whose deletion was confirmed
	resent     int             // guarded by mu; sends that were told of a message before
	again      int             // guarded by mu; receptions after the first
	complaints []string        // guarded by mu
}

type fifoMessage struct {
	id       string // the broker's, as first told
	sent     bool   // confirmed
	came     bool
	deleting bool // tried
	deleted  bool // confirmed
}

func newFifoLedger(groups, each int) *fifoLedger {
	l := &fifoLedger{gone: make([]int, groups), confirmed: make([]int, groups)}
	for g := range groups {
		l.groups = append(l.groups, make([]fifoMessage, each))
		l.confirmed[g] = -1
	}
	return l
}

func nameOf(group, n int) string { return fmt.Sprintf("%d.%d", group, n) }

func (l *fifoLedger) complain(format string, args ...any) {
	if len(l.complaints) < 20 {
		l.complaints = append(l.complaints, fmt.Sprintf(format, args...))
	}
}

// find is the message of a body. Lock held.
func (l *fifoLedger) find(body string) (m *fifoMessage, group, n int) {
	first, second, _ := strings.Cut(body, ".")
	group, err1 := strconv.Atoi(first)
	n, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || group < 0 || group >= len(l.groups) || n < 0 || n >= len(l.groups[group]) {
		l.complain("%q was never sent", body)
		return &fifoMessage{}, 0, 0
	}
	return &l.groups[group][n], group, n
}

// identify notes which message the broker has for a body: one for ever. Lock
// held.
func (l *fifoLedger) identify(m *fifoMessage, body, id string) {
	if m.id != "" && m.id != id {
		l.complain("%s is two messages, %s and %s", body, m.id, id)
	}
	m.id = id
}

// send books a confirmation.
func (l *fifoLedger) send(body, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, _, _ := l.find(body)
	l.identify(m, body, id)
	if m.sent {
		l.resent++
		return
	}
	m.sent = true
	l.sent++
}

// receive books what one ReceiveMessage brought. All before a message has to
// be gone or to come with it.
func (l *fifoLedger) receive(bodies, ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := map[int]int{} // by group: the last of this reception
	for i, body := range bodies {
		m, g, n := l.find(body)
		l.identify(m, body, ids[i])
		last, more := before[g]
		for !more && l.gone[g] < n && l.groups[g][l.gone[g]].deleting {
			l.gone[g]++
		}
		switch {
		case m.deleted:
			l.complain("%s was deleted and is back", body)
		case l.confirmed[g] > n:
			l.complain("%s came after %d was deleted", body, l.confirmed[g])
		case more && n <= last:
			l.complain("%s came behind %d", body, last)
		case more && n != last+1 && !l.allDeleting(g, last+1, n), !more && l.gone[g] < n:
			l.complain("%s came although one before it is not gone", body)
		}
		if m.came {
			l.again++
		}
		m.came = true
		before[g] = n
	}
}

// allDeleting says that somebody tried to delete all from lo to before hi. Lock held.
func (l *fifoLedger) allDeleting(group, lo, hi int) bool {
	for n := lo; n < hi; n++ {
		if !l.groups[group][n].deleting {
			return false
		}
	}
	return true
}

// deletion books that messages are being deleted.
func (l *fifoLedger) deletion(bodies []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, body := range bodies {
		m, _, _ := l.find(body)
		m.deleting = true
	}
}

// deletedOne books that one was.
func (l *fifoLedger) deletedOne(body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, g, n := l.find(body)
	if !m.deleted {
		l.done++
	}
	m.deleted = true
	l.confirmed[g] = max(l.confirmed[g], n)
}

// progress is how much was confirmed.
func (l *fifoLedger) progress() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent + l.done
}

// audit is for the end, when the queue is empty.
func (l *fifoLedger) audit() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for g, all := range l.groups {
		for n, m := range all {
			if !m.came {
				l.complain("%s is lost", nameOf(g, n))
			}
		}
	}
	return l.complaints
}

// The ledger finds each kind of mistake, and nothing where there is none.
func TestFifoLedger(t *testing.T) {
	for _, tt := range []struct{ script, want string }{
		{"send:0.0 send:0.1 send:1.0 get:0.0,0.1 try:0.0,0.1 del:0.0 del:0.1 get:1.0", ""},
		{"get:0.0,0.1 get:0.0,0.1 get:1.0", ""},        // the visibility timeout ended
		{"get:0.0 try:0.0 get:0.1 get:1.0", ""},        // the answer was lost
		{"get:0.0 try:0.0 get:0.0,0.1 get:1.0", ""},    // nothing was deleted
		{"send:0.0 send:0.0 get:0.0,0.1 get:1.0 ", ""}, // resent
		{"get:0.0,0.1", "1.0 is lost"},                 //
		{"get:0.0,0.1 get:1.0=x get:1.0=y", "1.0 is two messages, x and y"},
		{"send:1.0=x get:0.0,0.1 get:1.0=y", "1.0 is two messages, x and y"},
		{"get:0.0 get:0.1 get:1.0", "0.1 came although one before it is not gone"},
		{"get:0.1,0.0 get:1.0", "0.1 came although one before it is not gone; 0.0 came behind 1"},
		{"get:0.0,0.1 del:0.0 get:0.0 get:1.0", "0.0 was deleted and is back"},
		{"get:0.0,0.1 del:0.1 get:0.0 get:1.0", "0.0 came after 1 was deleted"},
		{"get:0.0,0.1 get:1.0 get:2.0", `"2.0" was never sent`},
	} {
		l := newFifoLedger(2, 2)
		l.groups[1] = l.groups[1][:1]
		for step := range strings.FieldsSeq(tt.script) {
			verb, rest, _ := strings.Cut(step, ":")
			names, id, _ := strings.Cut(rest, "=")
			bodies := strings.Split(names, ",")
			switch verb {
			case "send":
				l.send(names, id)
			case "get":
				ids := make([]string, len(bodies))
				ids[0] = id
				l.receive(bodies, ids)
			case "try":
				l.deletion(bodies)
			case "del":
				l.deletedOne(names)
			}
		}
		if got := strings.Join(l.audit(), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.script, got, tt.want)
		}
	}
}
