package mqtt

import (
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core/store/memstore"
)

// ahead is a clock that is ahead by an hour.
type ahead struct{}

func (ahead) Now() time.Time { return time.Now().Add(time.Hour) }

func (ahead) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// A subscriber gets retained values of a run whose clock was ahead, once.
func TestRetainedAfterClockWasAhead(t *testing.T) {
	store := memstore.New(memstore.Options{})
	w := newWorld(t, func(w *world) { w.store, w.opt.Clock = store, ahead{} })
	pub := w.connected(5, "id=p clean")
	pub.send("publish topic=a/b qos=1 retain id=1 payload=x")
	pub.want("puback id=1 code=10")
	w.close()
	w.opt.Clock = nil
	w.open()
	for _, id := range []string{"id=a clean", "id=b p.session=1000"} {
		sub := w.connected(5, id)
		sub.send("subscribe id=1 a/#:1")
		sub.want("suback id=1 codes=01")
		sub.want("publish topic=a/b qos=1 id=1 retain payload=x")
		sub.send("puback id=1")
		sub.quiet()
	}
}
