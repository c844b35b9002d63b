package mqtt

import (
	"sync"
	"time"

	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

// patience is how long an answer or a message may take.
const patience = 15 * time.Second

// mailbox has what each connection received and nobody took yet.
type mailbox struct {
	mu   sync.Mutex
	got  map[string][]*line.Message // guarded by mu
	more chan struct{}              // guarded by mu: closed when there is more
}

func newMailbox() *mailbox {
	return &mailbox{got: map[string][]*line.Message{}, more: make(chan struct{})}
}

func (b *mailbox) put(c string, m *line.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got[c] = append(b.got[c], m)
	close(b.more)
	b.more = make(chan struct{})
}

// until waits until enough says so of all that c has received, and says whether
// it did. enough runs with the box locked.
func (b *mailbox) until(enough func(got map[string][]*line.Message) bool) bool {
	end := time.After(patience)
	for {
		b.mu.Lock()
		done, more := enough(b.got), b.more
		b.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-more:
		case <-end:
			return false
		}
	}
}

// take waits for n messages for c, and takes them. It returns fewer when they
// do not come.
func (b *mailbox) take(c string, n int) []*line.Message {
	b.until(func(got map[string][]*line.Message) bool { return len(got[c]) >= n })
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, len(b.got[c]))
	taken := b.got[c][:n]
	b.got[c] = b.got[c][n:]
	return taken
}

func (b *mailbox) forget(c string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.got, c)
}
