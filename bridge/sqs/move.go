package sqs

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// This file is message move tasks: a goroutine each, which moves messages out of
// a dead-letter queue as fast as it may. Each move is atomic and durable; a task
// that is not over is kept in a tag of its source (move_saved.go) and goes on
// with the next process. What is over is told of only until then.

// Task states.
const (
	taskRunning    = "RUNNING"
	taskCompleted  = "COMPLETED"
	taskCancelling = "CANCELLING"
	taskCancelled  = "CANCELLED"
	taskFailed     = "FAILED"
)

// Why tasks fail.
const (
	failedNoQueue  = "AWS.SimpleQueueService.NonExistentQueue"
	failedNoSource = "CouldNotDetermineMessageSource"
)

const (
	maxRate   = 500 // messages a second, also of a task that names no rate
	maxTasks  = 10  // kept for each source
	moveEvery = 100 * time.Millisecond
	// patience is for how many turns a task that moves nothing waits for messages
	// to be read from disk before it believes that they cannot be moved.
	patience = 30
)

// move is one task.
type move struct {
	id          string
	handle      string      // immutable
	source      *core.Queue // immutable
	sourceARN   string      // immutable
	destination string      // immutable; ARN, "" is each message's own source
	to          string      // immutable; the destination's name
	rate        int         // immutable; 0: none was given
	toMove      int64       // immutable
	started     int64       // immutable; ms

	mu     sync.Mutex
	cancel context.CancelFunc // guarded by mu, and the next three; nil before it runs
	status string
	moved  int64
	reason string
}

// moves are the tasks of a service. Its goroutines end with Close.
type moves struct {
	ctx  context.Context //nolint:containedctx // of all tasks, ended by Close
	stop context.CancelFunc
	run  sync.WaitGroup

	mu    sync.Mutex
	tasks map[*core.Queue][]*move // guarded by mu; newest first
}

func newMoves() *moves {
	ctx, stop := context.WithCancel(context.Background())
	return &moves{ctx: ctx, stop: stop, tasks: map[*core.Queue][]*move{}}
}

func (ms *moves) close() {
	ms.mu.Lock()
	ms.stop()
	ms.mu.Unlock()
	ms.run.Wait()
}

// enter notes a task as its source's only active one; false if there is another.
func (ms *moves) enter(m *move) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.forget()
	all := ms.tasks[m.source]
	if slices.ContainsFunc(all, (*move).active) {
		return false
	}
	m.status = taskRunning
	ms.tasks[m.source] = append([]*move{m}, all[:min(len(all), maxTasks-1)]...)
	return true
}

// withdraw takes back what enter noted, of a task that could not be saved.
func (ms *moves) withdraw(m *move) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.tasks[m.source] = slices.DeleteFunc(ms.tasks[m.source], func(o *move) bool { return o == m })
}

// start has a task that was entered run; false if all must end.
func (ms *moves) start(m *move) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.ctx.Err() != nil {
		return false
	}
	ctx, cancel := context.WithCancel(ms.ctx)
	m.mu.Lock()
	m.cancel = cancel
	if m.status == taskCancelling { // between enter and now
		cancel()
	}
	m.mu.Unlock()
	ms.run.Go(func() {
		defer cancel()
		if m.work(ctx) {
			m.unsave()
		}
	})
	return true
}

// forget drops the tasks of queues that are gone. Lock held.
func (ms *moves) forget() {
	for q := range ms.tasks {
		if now, ok := q.Namespace().Queue(q.Name()); !ok || now != q {
			delete(ms.tasks, q)
		}
	}
}

// of are a source's tasks, newest first.
func (ms *moves) of(q *core.Queue) []*move {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return slices.Clone(ms.tasks[q])
}

func (m *move) active() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status == taskRunning || m.status == taskCancelling
}

// work moves messages until there are none, or the task is cancelled; then it is
// over. It is not over if the process ends.
func (m *move) work(ctx context.Context) (over bool) {
	rate := m.rate
	if rate == 0 {
		rate = maxRate
	}
	ticker := time.NewTicker(moveEvery)
	defer ticker.Stop()
	begun, idle := time.Now(), 0
	for moved := 0; ; {
		due := int(time.Since(begun).Seconds()*float64(rate)) + 1 - moved
		n, status, reason := m.turn(due)
		moved += n
		if idle++; n > 0 || due <= 0 {
			idle = 0
		}
		if idle > patience {
			status, reason = taskFailed, failedNoSource
		}
		if m.note(n, status, reason) {
			return true
		}
		select {
		case <-ctx.Done():
			return m.cancelled()
		case <-ticker.C:
		}
	}
}

// turn moves up to due messages. No status: there is more to do.
func (m *move) turn(due int) (n int, status, reason string) {
	if now, ok := m.source.Namespace().Queue(m.source.Name()); !ok || now != m.source {
		return 0, taskFailed, failedNoQueue
	}
	if due > 0 {
		var err error
		if n, err = m.source.Redrive(due, m.to); err != nil {
			return n, taskFailed, failedNoQueue
		}
	}
	if m.source.Counts().Ready == 0 {
		return n, taskCompleted, ""
	}
	return n, "", ""
}

// note takes down what a turn did, and tells whether it was the last. A task that
// is being cancelled ends so.
func (m *move) note(n int, status, reason string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moved += int64(n)
	if status == "" {
		return false
	}
	m.status, m.reason = status, reason
	return true
}

// cancelled ends a task that is being cancelled, and tells whether it was.
func (m *move) cancelled() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.status == taskCancelling {
		m.status = taskCancelled
	}
	return m.status == taskCancelled
}

// abort asks a running task to end; false if it does not run. moved is how far it got.
func (m *move) abort() (moved int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.status != taskRunning {
		return 0, false
	}
	m.status = taskCancelling
	if m.cancel != nil {
		m.cancel()
	}
	return m.moved, true
}

// taskHandle is what a task's handle holds, as AWS's does.
type taskHandle struct {
	TaskID    string `json:"taskId"`
	SourceARN string `json:"sourceArn"`
}

func newTaskHandle(source string) (id, handle string) {
	id = rand.Text()
	b, _ := json.Marshal(taskHandle{id, source}) // strings: cannot fail
	return id, base64.StdEncoding.EncodeToString(b)
}

func parseTaskHandle(s string) (h taskHandle, ok bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &h) != nil {
		return h, false
	}
	return h, h.TaskID != "" && h.SourceARN != ""
}
