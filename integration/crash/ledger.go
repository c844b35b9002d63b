package crash

import (
	"fmt"
	"sync"
)

// A ledger is what clients know of the messages of one queue. Bodies are the
// keys: each is sent once, whatever comes of it.
type ledger struct {
	mu      sync.Mutex
	sent    map[string]bool // guarded by mu; tried
	kept    map[string]bool // guarded by mu; confirmed
	deleted map[string]bool // guarded by mu; whose deletion was confirmed
	taken   map[string]bool // guarded by mu; received by the consumer that deletes
}

func newLedger() *ledger {
	return &ledger{sent: map[string]bool{}, kept: map[string]bool{}, deleted: map[string]bool{}, taken: map[string]bool{}}
}

func (l *ledger) note(in map[string]bool, bodies ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range bodies {
		in[b] = true
	}
}

func (l *ledger) count(in map[string]bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(in)
}

// audit compares what is there at last with what clients know.
func (l *ledger) audit(found map[string]int) (complaints []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	complain := func(format string, args ...any) {
		if len(complaints) < 20 {
			complaints = append(complaints, fmt.Sprintf(format, args...))
		}
	}
	for body := range l.kept {
		if found[body] == 0 && !l.taken[body] {
			complain("%s was confirmed and is lost", body)
		}
	}
	for body, n := range found {
		switch {
		case !l.sent[body]:
			complain("%q was never sent", body)
		case l.deleted[body]:
			complain("%s was deleted and is back", body)
		case n > 1:
			complain("%s is there %d times", body, n)
		}
	}
	return complaints
}
