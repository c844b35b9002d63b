package stomp

import (
	"testing"
	"testing/synctest"
	"time"
)

// piped is a world in the fake time of synctest.Test, which its caller closes.
func piped(t *testing.T) *world { return newWorld(t, func(w *world) { w.pipe = true }) }

func TestHeartBeatsAnnounced(t *testing.T) {
	w := newWorld(t)
	for asked, want := range map[string]string{"0,0": "0,0", "5000,0": "0,5000", "0,7000": "7000,0", "10,20": "100,100", "3000,4000": "4000,3000"} {
		w.client().heart(asked, want)
	}
}

func (c *client) heart(asked, want string) {
	c.t.Helper()
	c.send("CONNECT accept-version:1.1; heart-beat:%s", asked)
	c.want("CONNECTED heart-beat:%s", want)
}

func TestHeartBeatSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := piped(t)
		defer w.close()
		c := w.client()
		c.heart("0,1000", "1000,0")
		last := time.Now()
		for range 10 {
			b, err := c.r.ReadByte()
			if gap := time.Since(last); err != nil || gap > time.Second {
				t.Fatalf("%q, %v after %v", b, err, gap)
			}
			last = time.Now()
		}
	})
}

func TestHeartBeatLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := piped(t)
		defer w.close()
		c := w.client()
		c.heart("1000,0", "0,1000")
		begun := time.Now()
		for range 5 {
			time.Sleep(1500 * time.Millisecond) // late, but within the grace
			c.raw("\n")
		}
		c.want("ERROR message:Heart-beat lost")
		c.wantEnd()
		if took := time.Since(begun) - 7500*time.Millisecond; took < 2*time.Second || took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestNoConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := piped(t)
		defer w.close()
		c := w.client()
		c.wantEnd()
	})
}

func TestDelayAndExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := piped(t)
		defer w.close()
		c := w.connected("1.2")
		c.send("SUBSCRIBE id:s; destination:/queue/a")
		for _, h := range []string{"AMQ_SCHEDULED_DELAY:5000", "x-delay:5000"} {
			begun := time.Now()
			c.send("SEND destination:/queue/a; %s | later", h)
			c.want("MESSAGE | later")
			if took := time.Since(begun); took < 5*time.Second || took > 6*time.Second {
				t.Errorf("%s: %v", h, took)
			}
		}
		c.send("SEND destination:/queue/b; expiration:1000 | short")
		c.send("SEND destination:/queue/b; expires:%d | short", time.Now().Add(time.Second).UnixMilli())
		c.send("SEND destination:/queue/b; expires:0; expiration:100000 | long")
		c.sync()
		time.Sleep(2 * time.Second)
		c.send("SUBSCRIBE id:b; destination:/queue/b")
		c.want("MESSAGE subscription:b | long")
		c.sync()
	})
}

// Who does not read is cut, and what it was sent is its queue's again.
func TestStalled(t *testing.T) {
	for _, ack := range []string{"auto", "client", "client-individual"} {
		synctest.Test(t, func(t *testing.T) {
			w := piped(t)
			defer w.close()
			c := w.connected("1.2")
			c.send("SUBSCRIBE id:s; destination:/queue/a; receipt:r; ack:%s", ack)
			c.want("RECEIPT receipt-id:r")
			w.door.CutsStalled(t, "a")
		})
	}
}
