package main

import (
	"context"
	"log/slog"

	"github.com/slipwaymq/slipway/core"
)

// A strengthener hashes again, beside everything else and one at a time, what
// accounts have of RabbitMQ's hashes: an import of thousands is in force at once,
// and what it left is as hard to guess against as any other hash some 25 ms a
// user later. What a stop leaves, the next start goes on with.
type strengthener struct {
	access *core.Access
	log    *slog.Logger
	wake   chan struct{} // of one: somebody was imported
}

func newStrengthener(access *core.Access, log *slog.Logger) *strengthener {
	return &strengthener{access, log, make(chan struct{}, 1)}
}

// imported may be called from anywhere.
func (s *strengthener) imported() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run ends with ctx.
func (s *strengthener) run(ctx context.Context) {
	for {
		if n, err := s.all(ctx); err != nil {
			s.log.Error("password hashes of an import stay as RabbitMQ had them", "error", err)
		} else if n > 0 {
			s.log.Info("password hashes of an import were hashed again", "users", n)
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// atATime is how many accounts one change has: every change goes through all users.
const atATime = 100

// all goes through the accounts once.
func (s *strengthener) all(ctx context.Context) (n int, err error) {
	var some []rehash
	for _, acc := range s.access.Accounts() {
		if ctx.Err() != nil {
			break
		}
		if to, ok := strengthened(acc.PasswordHash); ok {
			some = append(some, rehash{acc.Name, acc.PasswordHash, to})
		}
		if len(some) == atATime {
			if err := s.keep(some); err != nil {
				return n, err
			}
			n, some = n+len(some), nil
		}
	}
	if len(some) == 0 {
		return n, nil
	}
	return n + len(some), s.keep(some)
}

type rehash struct{ name, from, to string }

// keep stores them; who has another password by now, or is gone, is left alone.
func (s *strengthener) keep(some []rehash) error {
	return s.access.ChangeAccounts(func(e *core.Edit) error {
		for _, x := range some {
			_ = e.Rehash(x.name, x.from, x.to)
		}
		return nil
	})
}
