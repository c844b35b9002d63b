package mqtt

import (
	"context"
	"math"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// $SYS topics (4.7.2 leaves them to the server), spelt as Mosquitto spells
// them. They are values in memory: what changed since the last look is handed
// to the connections that subscribe (core.Publisher.Offer), at QoS 0, and a new
// subscription gets those that it matches as it gets retained values. Nobody
// else sees them: no queue, no retained store.
//
//	version, uptime, clients, messages, publish, bytes, store, load    yes
//	subscriptions/count, shared_subscriptions/count                    yes
//	retained messages/count                                            yes, counted at most 2 % of the time
//	heap                                                               current size
//	connection/<client id>/state                                       yes: what bridges say of themselves (bridge.go)
//
// Reading them needs a permission whose filter spells out $SYS.

const sysPrefix = "$SYS/"

// sys holds the values.
type sys struct {
	mu      sync.RWMutex
	values  map[string]*core.Message      // guarded by mu; by topic, never changed once there
	bridges map[bridgeState]*core.Message // guarded by mu; as values
}

// matching are the values that a new subscription gets.
func (y *sys) matching(ns string, f match.Filter) (ms []*core.Message) {
	if !strings.HasPrefix(f.Encode(), "$SYS") { // a wildcard matches no $
		return nil
	}
	y.mu.RLock()
	defer y.mu.RUnlock()
	for topic, m := range y.values {
		if f.Match(topic) {
			ms = append(ms, m)
		}
	}
	for key, m := range y.bridges {
		if key.namespace == ns && f.Match(key.topic) {
			ms = append(ms, m)
		}
	}
	return ms
}

// set replaces a value; nil if it is what it was.
func (y *sys) set(topic, text string) *core.Message {
	y.mu.Lock()
	defer y.mu.Unlock()
	if old := y.values[topic]; old != nil && string(old.Body) == text {
		return nil
	}
	m := sysMessage(topic, text)
	if y.values == nil {
		y.values = map[string]*core.Message{}
	}
	y.values[topic] = m
	return m
}

func sysMessage(topic, text string) *core.Message {
	return &core.Message{
		Body: []byte(text), Text: true, Source: core.TopicAddress(topic),
		Origin: core.Origin{Protocol: dialectName, Data: plainOrigins[originRetain]},
	}
}

// ServeSys keeps the $SYS topics up to date until ctx ends.
func (h *Handler) ServeSys(ctx context.Context, every time.Duration, version string) {
	r := &report{h: h, begun: time.Now(), loads: map[string]*load{}}
	r.last = r.begun
	r.say("version", "slipway version "+version)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		r.look(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// report is what one ServeSys knows: its goroutine's alone.
type report struct {
	h        *Handler
	begun    time.Time
	last     time.Time // of the look before
	loads    map[string]*load
	retained int
	countAt  time.Time // when the retained values may be counted again
}

// look says everything.
func (r *report) look(now time.Time) {
	n := &r.h.counters
	connected, most, sent := r.h.online.look()
	stored := r.stored()
	r.countRetained(now)
	disconnected := max(0, stored.sessions-connected)
	r.say("uptime", strconv.Itoa(int(now.Sub(r.begun)/time.Second))+" seconds")
	for name, v := range map[string]uint64{
		"clients/connected": uint64(connected), "clients/active": uint64(connected), "clients/maximum": uint64(most),
		"clients/disconnected": uint64(disconnected), "clients/inactive": uint64(disconnected),
		"clients/total": uint64(connected + disconnected), "clients/expired": n.Expired.Load(),
		"messages/received": n.PacketsIn.Load(), "messages/sent": n.PacketsOut.Load(),
		"messages/stored": stored.messages + uint64(r.retained), "store/messages/count": stored.messages + uint64(r.retained),
		"store/messages/bytes":      stored.bytes,
		"publish/messages/received": n.PublishesIn.Load(), "publish/messages/sent": n.PublishesOut.Load(),
		"publish/messages/dropped": dropped(n),
		"publish/bytes/received":   n.PublishBytesIn.Load(), "publish/bytes/sent": n.PublishBytesOut.Load(),
		"bytes/received": n.BytesIn.Load(), "bytes/sent": sent,
		"retained messages/count": uint64(r.retained), "subscriptions/count": stored.subscriptions,
		"shared_subscriptions/count": stored.shared, "heap/current": heap(),
	} {
		r.say(name, strconv.FormatUint(v, 10))
	}
	for name, v := range map[string]uint64{
		"messages/received": n.PacketsIn.Load(), "messages/sent": n.PacketsOut.Load(),
		"publish/received": n.PublishesIn.Load(), "publish/sent": n.PublishesOut.Load(), "publish/dropped": dropped(n),
		"bytes/received": n.BytesIn.Load(), "bytes/sent": sent, "sockets": n.Connects.Load(),
	} {
		r.sayLoad(name, v, now.Sub(r.last))
	}
	r.last = now
}

func dropped(n *Stats) uint64 { return n.Dropped.Load() + n.TooLarge.Load() + n.Offline.Load() }

// say publishes a value if it is new.
func (r *report) say(name, text string) {
	topic := sysPrefix + "broker/" + name
	m := r.h.sys.set(topic, text)
	if m == nil {
		return
	}
	for _, ns := range r.h.cfg.Broker.Namespaces() {
		again := *m
		p := ns.NewPublisher(0)
		p.Offer(topic, &again)
		p.Close()
	}
}

// load is a counter's rate per minute, averaged as a system's load is.
type load struct {
	last uint64
	mean [3]float64
}

var loadMinutes = [3]int{1, 5, 15}

func (r *report) sayLoad(name string, v uint64, since time.Duration) {
	l := r.loads[name]
	if l == nil {
		l = &load{last: v}
		r.loads[name] = l
	}
	rate := 0.0
	if since > 0 {
		rate = float64(v-l.last) / since.Minutes()
	}
	l.last = v
	for i, minutes := range loadMinutes {
		l.mean[i] = rate + math.Exp(-since.Minutes()/float64(minutes))*(l.mean[i]-rate)
		r.say("load/"+name+"/"+strconv.Itoa(minutes)+"min", strconv.FormatFloat(l.mean[i], 'f', 2, 64))
	}
}

// stored is what sessions and groups hold.
type stored struct {
	sessions                               int
	messages, bytes, subscriptions, shared uint64
}

func (r *report) stored() (st stored) {
	for _, ns := range r.h.cfg.Broker.Namespaces() {
		for _, q := range ns.Queues("session/"+dialectName+"/", true) {
			st.sessions++
			st.subscriptions += uint64(q.Bindings())
			st.add(q)
		}
		for _, q := range ns.Queues(sharePrefix, true) {
			st.shared++
			st.add(q)
		}
	}
	return st
}

func (st *stored) add(q *core.Queue) {
	n := q.Counts()
	st.messages += uint64(n.Ready + n.InFlight + n.Delayed)
	st.bytes += uint64(n.Bytes)
}

// countRetained counts seldom enough: it walks over all of them.
func (r *report) countRetained(now time.Time) {
	if now.Before(r.countAt) {
		return
	}
	r.retained = 0
	for _, ns := range r.h.cfg.Broker.Namespaces() {
		n, err := ns.CountRetained()
		if err != nil {
			r.h.cfg.Log.Warn("retained messages cannot be counted", "error", err)
			return
		}
		r.retained += n
	}
	r.countAt = now.Add(50 * time.Since(now))
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
