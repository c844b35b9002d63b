package matrix

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Table is behaviours by clients.
type Table struct {
	clients, behaviours []string // immutable

	mu    sync.Mutex
	cells map[[2]string]string // by client and behaviour; guarded by mu
	notes []string             // why cells are n/a; guarded by mu
}

// New makes an empty table.
func New(clients, behaviours []string) *Table {
	return &Table{clients: clients, behaviours: behaviours, cells: map[[2]string]string{}}
}

// Run runs a cell's test and fills the cell.
func (m *Table) Run(t *testing.T, client, behaviour string, f func(*testing.T)) {
	t.Run(behaviour, func(t *testing.T) {
		t.Cleanup(func() {
			switch {
			case t.Failed():
				m.set(client, behaviour, "FAIL")
			case !t.Skipped():
				m.set(client, behaviour, "ok")
			}
		})
		f(t)
	})
}

// NotApplicable fills a cell with a reason.
func (m *Table) NotApplicable(client, behaviour, why string) {
	m.set(client, behaviour, "n/a")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notes = append(m.notes, fmt.Sprintf("n/a %s, %s: %s", client, behaviour, why))
}

func (m *Table) set(client, behaviour, what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cells[[2]string{client, behaviour}] = what
}

// Empty are the cells that nobody filled, of the clients given.
func (m *Table) Empty(clients []string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var empty []string
	for _, c := range clients {
		for _, b := range m.behaviours {
			if m.cells[[2]string{c, b}] == "" {
				empty = append(empty, c+", "+b)
			}
		}
	}
	return empty
}

// Report logs the table, and where SLIPWAY_TEST_TABLES names a folder, writes it there:
// of a test that passed nobody sees the log.
func (m *Table) Report(t *testing.T, name string) {
	t.Helper()
	t.Logf("%s\n%s", name, m)
	if dir := os.Getenv("SLIPWAY_TEST_TABLES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(m.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// String is the table as people read it.
func (m *Table) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	wide := 0
	for _, b := range m.behaviours {
		wide = max(wide, len(b))
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%-*s", wide, "")
	for _, c := range m.clients {
		s.WriteString("  " + c)
	}
	s.WriteByte('\n')
	for _, b := range m.behaviours {
		fmt.Fprintf(&s, "%-*s", wide, b)
		for _, c := range m.clients {
			fmt.Fprintf(&s, "  %-*s", len(c), m.cells[[2]string{c, b}])
		}
		s.WriteByte('\n')
	}
	slices.Sort(m.notes)
	for _, n := range m.notes {
		s.WriteString(n + "\n")
	}
	return s.String()
}
