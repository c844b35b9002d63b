package mqtt

import (
	"strings"
	"sync"
	"testing"
)

// A hundred connections with one client id at once: each gets its turn, one
// remains, and the session is nobody else's.
func TestTakeoverStorm(t *testing.T) {
	const storm = 100
	w := newWorld(t)
	w.connected(5, "id=x p.session=1000").send("subscribe id=1 x:1")
	var wg sync.WaitGroup
	texts := make([]string, storm)
	clients := make([]*client, storm)
	for i := range clients {
		clients[i] = w.client(5)
		wg.Go(func() {
			clients[i].send("connect id=x p.session=1000")
			texts[i], _ = clients[i].read()
		})
	}
	wg.Wait()
	for i, text := range texts {
		if text != "connack code=00 present" {
			t.Fatalf("client %d: %s", i, text)
		}
	}
	// All but the last to be let in are told.
	alive := 0
	for _, c := range clients {
		wg.Go(func() {
			_, _ = c.nc.Write(encodeText(t, 5, "pingreq"))
			text := c.get()
			if text == "pingresp" {
				text = c.getSoon()
			}
			if text == "" {
				alive++
			} else if !strings.HasPrefix(text, "disconnect code=8e") && text != "end" {
				t.Errorf("got %s", text)
			}
		})
		wg.Wait()
	}
	if alive != 1 || w.h.Stats().Takeovers.Load() != storm {
		t.Fatalf("%d connections live, %d takeovers", alive, w.h.Stats().Takeovers.Load())
	}
	w.h.claims.mu.Lock()
	defer w.h.claims.mu.Unlock()
	if len(w.h.claims.m) != 1 {
		t.Fatalf("%d claims", len(w.h.claims.m))
	}
}
