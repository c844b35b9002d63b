package crash

import (
	"strings"
	"testing"
)

// The ledger finds each kind of mistake, and nothing where there is none.
func TestAudit(t *testing.T) {
	l := newLedger()
	l.note(l.sent, "kept", "unsure", "gone", "eaten")
	l.note(l.kept, "kept", "gone", "eaten")
	l.note(l.taken, "gone", "eaten")
	l.note(l.deleted, "gone")
	for _, tt := range []struct {
		found map[string]int
		want  string
	}{
		{map[string]int{"kept": 1}, ""},
		{map[string]int{"kept": 1, "unsure": 1, "eaten": 1}, ""},
		{map[string]int{"unsure": 1}, "kept was confirmed and is lost"},
		{map[string]int{"kept": 2}, "kept is there 2 times"},
		{map[string]int{"kept": 1, "gone": 1}, "gone was deleted and is back"},
		{map[string]int{"kept": 1, "new": 1}, `"new" was never sent`},
	} {
		if got := strings.Join(l.audit(tt.found), "; "); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.found, got, tt.want)
		}
	}
}
