package core_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
)

// prompt is a Receiver that can write at once.
type prompt struct{ now, soon atomic.Int32 }

func (r *prompt) Deliver(*core.Consumer, core.Delivery) bool { return true }
func (r *prompt) Cancelled(*core.Consumer, error) bool       { return false }
func (r *prompt) Flush()                                     { r.soon.Add(1) }
func (r *prompt) FlushNow()                                  { r.now.Add(1) }

// The committer has few write at once, and leaves many to their goroutines.
func TestPromptFlush(t *testing.T) {
	for n, now := range map[int]int32{1: 1, 2: 2, 3: 0} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := fresh(t)
				var all [3]prompt
				for i := range n {
					q := declare(t, b, fmt.Sprint("q", i), durable(core.QueueOptions{}))
					bindTopic(t, b, q, "t")
					if _, err := q.Consume(core.ConsumerOptions{Receiver: &all[i], NoAck: true, Credit: 10}); err != nil {
						t.Fatal(err)
					}
				}
				publish(t, b, core.TopicAddress("t"), core.Message{Durable: true, Body: []byte("x")})
				synctest.Wait()
				var nows, soons int32
				for i := range all {
					nows, soons = nows+all[i].now.Load(), soons+all[i].soon.Load()
				}
				if nows != now || nows+soons != int32(n) {
					t.Errorf("%d now, %d soon", nows, soons)
				}
			})
		})
	}
}
