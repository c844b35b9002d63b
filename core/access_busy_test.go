package core

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// Nobody keeps others from logging in by trying often: too many are refused at
// once, those of one address sooner.
func TestAuthenticateBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		v := &plainVerifier{during: func() { <-gate }}
		a := newTestAccess(t, v, AccessUser{Name: "app", PasswordHash: "hash:one"}, AccessUser{Name: "known", PasswordHash: "hash:two"})
		proof := a.prove("known", []byte("two"))
		a.current.Load().users["known"].proof.Store(&proof)
		var tries sync.WaitGroup
		var mu sync.Mutex
		busy := 0
		try := func(from string) {
			tries.Go(func() {
				if _, err := a.Authenticate(t.Context(), from, "app", []byte("wrong")); errors.Is(err, ErrBusy) {
					mu.Lock()
					busy++
					mu.Unlock()
				} else if KindOf(err) != Denied {
					t.Error(err)
				}
			})
		}
		for range 1000 {
			try("192.0.2.1")
		}
		synctest.Wait()
		if busy != 1000-maxTriesFrom {
			t.Errorf("%d of one address refused", busy)
		}
		tries.Go(func() {
			if _, err := a.Authenticate(t.Context(), "192.0.2.2", "app", []byte("one")); err != nil {
				t.Errorf("another address: %v", err)
			}
		})
		synctest.Wait() // it has its place before the crowd comes
		busy = 0
		for i := range 1000 {
			try(fmt.Sprint(i))
		}
		synctest.Wait()
		if busy != 1000-(maxTries-maxTriesFrom-1) {
			t.Errorf("%d of many addresses refused", busy)
		}
		if _, err := a.Authenticate(t.Context(), "192.0.2.1", "known", []byte("two")); err != nil {
			t.Errorf("who needs no hash: %v", err)
		}
		if _, err := a.Authenticate(t.Context(), "x", "nobody", nil); !errors.Is(err, ErrBusy) {
			t.Errorf("an unknown user: %v", err)
		}
		close(gate)
		tries.Wait()
		if len(v.calls) != maxTries || a.tries != 0 || len(a.from) != 0 {
			t.Errorf("%d hashed, %d and %v left", len(v.calls), a.tries, a.from)
		}
	})
}

// Who is gone while it waits is not hashed for.
func TestAuthenticateGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		v := &plainVerifier{during: func() { <-gate }}
		a := newTestAccess(t, v, AccessUser{Name: "app", PasswordHash: "hash:one"})
		ctx, cancel := context.WithCancel(t.Context())
		var tries sync.WaitGroup
		for range maxHashing {
			tries.Go(func() { _, _ = a.Authenticate(t.Context(), "", "app", []byte("wrong")) })
		}
		synctest.Wait()
		tries.Go(func() {
			if _, err := a.Authenticate(ctx, "", "app", []byte("one")); !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		if a.tries != maxHashing {
			t.Errorf("%d wait", a.tries)
		}
		close(gate)
		tries.Wait()
		if _, err := a.Authenticate(ctx, "", "app", []byte("one")); !errors.Is(err, ErrBusy) || len(v.calls) != maxHashing {
			t.Errorf("%v, %d hashed", err, len(v.calls))
		}
	})
}
