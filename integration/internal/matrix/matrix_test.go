package matrix

import (
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	m := New([]string{"one", "another"}, []string{"send", "receive"})
	m.Run(t, "one", "send", func(*testing.T) {})
	m.NotApplicable("another", "send", "it cannot")
	m.set("another", "receive", "FAIL")
	const want = "" +
		"         one  another\n" +
		"send     ok   n/a    \n" +
		"receive       FAIL   \n" +
		"n/a another, send: it cannot\n"
	if got := m.String(); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := m.Empty([]string{"one", "another"}); !slices.Equal(got, []string{"one, receive"}) {
		t.Errorf("empty: %q", got)
	}
}
