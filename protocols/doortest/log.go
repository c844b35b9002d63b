package doortest

import (
	"bytes"
	"log/slog"
	"sync"
)

// A Log keeps what is logged, without the time and the address of the client.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Logger writes to it what is of level info or more.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "remote" {
			return slog.Attr{}
		}
		return a
	}}))
}

// Write is io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all of it, a line each.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
