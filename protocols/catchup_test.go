package protocols

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Who reads is waited for; who reads slowly once in a while; who reads nothing once.
func TestCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		o := newOutput(here, 64<<10, time.Hour, &Stats{})
		fill := func() {
			for !o.Behind() && o.Write(May, make([]byte, 1000)) { //nolint:revive // Write does it
			}
			o.Flush()
		}
		wait := func(caughtUp bool, most time.Duration) {
			t.Helper()
			began := time.Now()
			if got := o.CatchUp(nil); got != caughtUp || time.Since(began) > most {
				t.Errorf("caught up: %v, after %v", got, time.Since(began))
			}
		}
		take := func(n int64) { _, _ = io.CopyN(io.Discard, there, n) }
		fill()
		if !o.Behind() {
			t.Fatal("half of the limit is not much")
		}
		go take(33_000)
		wait(true, 0)
		fill()
		wait(false, catchUpTime)
		if o.Behind() {
			t.Error("one that takes nothing is waited for")
		}
		take(17_000) // it moves
		wait(false, 0)
		<-time.After(giveUpTime)
		fill()
		wait(false, catchUpTime)
		take(17_000)
		<-time.After(giveUpTime)
		fill()
		stop := make(chan struct{})
		close(stop)
		if !o.CatchUp(stop) {
			t.Error("a stop says nothing about the client")
		}
		go o.Close(nil)
		o.CatchUp(nil)
		if o.Behind() {
			t.Error("a closed output is waited for")
		}
		o.wait()
	})
}
