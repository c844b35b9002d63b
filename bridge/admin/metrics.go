package admin

import (
	"container/heap"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// namedQueues is how many queues have series of their own.
const namedQueues = 50

// StoreMetrics is what the store tells of itself.
type StoreMetrics struct {
	Batches      uint64             `json:"batches"`
	BatchBytes   uint64             `json:"batchBytes"`
	Syncs        uint64             `json:"syncs"`
	SyncTotal    time.Duration      `json:"syncTotal"`
	SyncBuckets  map[float64]uint64 `json:"-"` // cumulative, by upper bound in seconds
	DiskBytes    uint64             `json:"diskBytes"`
	LogBytes     uint64             `json:"logBytes"` // of DiskBytes
	MemTables    uint64             `json:"memTables"`
	CacheBytes   uint64             `json:"cacheBytes"`
	Compactions  uint64             `json:"compactions"`
	FreeBytes    uint64             `json:"freeBytes"`
	BallastBytes uint64             `json:"ballastBytes"`
	Room         bool               `json:"room"` // new messages are taken
	Failed       error              `json:"-"`
}

// newMetrics serves a registry of its own: the runtime's numbers and ours.
func newMetrics(s *Service) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collector{s},
	)
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 4, EnableOpenMetrics: true})
}

// A collector reads everything anew at each scrape, so that nothing is counted
// twice and a queue that is gone leaves no series behind.
type collector struct{ s *Service }

// Describe sends nothing: the collector is unchecked, its series come and go.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect is called at each scrape.
func (c collector) Collect(to chan<- prometheus.Metric) {
	out := exporter{to}
	out.stats(c.s.cfg.Broker.Stats())
	fields, lost := c.s.cfg.Broker.LostFields()
	for i, f := range fields {
		out.counter("fields_dropped", "Fields of messages that the next protocol cannot carry.", float64(lost[i]), "field", f.Field, "from", f.From, "to", f.To)
	}
	out.queues(c.s.cfg.Broker)
	if c.s.cfg.Store != nil {
		out.store(c.s.cfg.Store())
	}
	for protocol, n := range c.s.byProtocol() {
		out.gauge("connections", "Open connections.", float64(n), "protocol", protocol)
	}
	if c.s.cfg.Traffic != nil {
		for _, t := range c.s.cfg.Traffic() {
			if t.Gauge {
				out.gauge(t.Name, t.Help, t.Value, "door", t.Door)
				continue
			}
			out.counter(t.Name, t.Help, t.Value, "door", t.Door)
		}
	}
	out.gauge("info", "Which version runs.", 1, "version", c.s.cfg.Version)
}

// exporter sends series; labels come as name, value, name, value.
type exporter struct{ to chan<- prometheus.Metric }

func (e exporter) gauge(name, help string, v float64, labels ...string) {
	e.send(prometheus.GaugeValue, name, help, v, labels)
}

func (e exporter) counter(name, help string, v float64, labels ...string) {
	e.send(prometheus.CounterValue, name+"_total", help, v, labels)
}

func (e exporter) send(kind prometheus.ValueType, name, help string, v float64, labels []string) {
	names, values := split(labels)
	e.to <- prometheus.MustNewConstMetric(prometheus.NewDesc("slipway_"+name, help, names, nil), kind, v, values...)
}

func split(labels []string) (names, values []string) {
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	return names, values
}

func (e exporter) stats(s core.Stats) {
	for _, c := range []struct {
		name, help string
		v          uint64
	}{
		{"messages_published", "Messages accepted.", s.Published},
		{"messages_delivered", "Deliveries to consumers.", s.Delivered},
		{"messages_settled", "Messages done with.", s.Settled},
		{"messages_dropped", "Transient messages that the memory budget refused.", s.Dropped},
		{"messages_unroutable", "Messages published to nobody.", s.Unroutable},
		{"messages_dead_lettered", "Messages moved to a dead-letter address.", s.DeadLettered},
		{"messages_expired", "Messages whose time ran out.", s.Expired},
		{"messages_redelivered", "Deliveries given back.", s.Redelivered},
		{"dead_letter_cycles", "Dead letters dropped because they came round again.", s.Cycles},
		{"topics_invisible", "Times a subscriber missed a topic that MQTT cannot spell.", s.Invisible},
		{"messages_refused", "Messages that a queue did not take, at its limit or for want of a deduplication id, whether or not their publisher asked.", s.Refused},
		{"messages_too_large", "Messages that a ReceiveMessage skipped for their size.", s.TooLarge},
		{"commits", "Groups committed to the store.", s.Groups},
		{"commits_synced", "Groups committed with a sync.", s.Synced},
	} {
		e.counter(c.name, c.help, float64(c.v))
	}
	for _, g := range []struct {
		name, help string
		v          int64
	}{
		{"commit_pending_bytes", "Bytes on their way to the store.", s.Pending},
		{"messages_memory_bytes", "Bytes of messages in memory.", s.Memory},
		{"queues", "Queues, hidden ones too.", int64(s.Queues)},
		{"sessions", "Sessions, attached or not.", int64(s.Sessions)},
		{"bindings", "Bindings of all kinds.", int64(s.Bindings)},
	} {
		e.gauge(g.name, g.help, float64(g.v))
	}
}

func (e exporter) store(m StoreMetrics) {
	e.counter("store_batches", "Batches applied.", float64(m.Batches))
	e.counter("store_written_bytes", "Bytes of the batches applied.", float64(m.BatchBytes))
	e.counter("store_compactions", "Compactions.", float64(m.Compactions))
	e.gauge("store_disk_bytes", "Bytes of files.", float64(m.DiskBytes))
	e.gauge("store_log_bytes", "Bytes of the files of the log, which are used again.", float64(m.LogBytes))
	e.gauge("store_memory_bytes", "Bytes of tables not yet written and of the cache.", float64(m.MemTables+m.CacheBytes))
	e.gauge("store_free_bytes", "Free on the disk, at the last look.", float64(m.FreeBytes))
	e.gauge("store_ballast_bytes", "Held back for a full disk.", float64(m.BallastBytes))
	room := 0.0
	if m.Room {
		room = 1
	}
	e.gauge("store_room", "1 while there is room for new messages.", room)
	e.to <- prometheus.MustNewConstHistogram(
		prometheus.NewDesc("slipway_store_sync_seconds", "How long syncs took.", nil, nil), m.Syncs, m.SyncTotal.Seconds(), m.SyncBuckets)
}

// queues sends totals of all queues and series of the longest.
func (e exporter) queues(b *core.Broker) {
	var sum core.QueueCounts
	var top longest
	for _, ns := range b.Namespaces() {
		for _, q := range ns.Queues("", true) {
			c := q.Counts()
			sum.Ready, sum.InFlight, sum.Delayed, sum.Bytes = sum.Ready+c.Ready, sum.InFlight+c.InFlight, sum.Delayed+c.Delayed, sum.Bytes+c.Bytes
			sum.Consumers += c.Consumers
			top.offer(measured{q, c})
		}
	}
	e.counts("all_queues", "of all queues", sum)
	for _, m := range top {
		e.counts("queue", "of one of the longest queues", m.c, "namespace", label(m.q.Namespace().Name()), "queue", label(m.q.Name()))
	}
}

// label is a queue's name; of one that is not UTF-8, which a label must be, the
// alias, which no other queue has.
func label(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return awsapi.QueueAlias(name)
}

func (e exporter) counts(prefix, of string, c core.QueueCounts, labels ...string) {
	e.gauge(prefix+"_ready", "Messages that wait, "+of+".", float64(c.Ready), labels...)
	e.gauge(prefix+"_in_flight", "Messages delivered and not settled, "+of+".", float64(c.InFlight), labels...)
	e.gauge(prefix+"_delayed", "Messages not due yet, "+of+".", float64(c.Delayed), labels...)
	e.gauge(prefix+"_ready_bytes", "Bytes of the bodies that wait, "+of+".", float64(c.Bytes), labels...)
	e.gauge(prefix+"_consumers", "Consumers, "+of+".", float64(c.Consumers), labels...)
}

type measured struct {
	q *core.Queue
	c core.QueueCounts
}

func (m measured) depth() int64 { return m.c.Ready + m.c.InFlight + m.c.Delayed }

// longest is a heap of at most namedQueues, the shortest on top.
type longest []measured

func (l *longest) offer(m measured) {
	switch {
	case m.q.Options().Hidden:
	case len(*l) < namedQueues:
		heap.Push(l, m)
	case m.depth() > (*l)[0].depth():
		(*l)[0] = m
		heap.Fix(l, 0)
	}
}

func (l longest) Len() int           { return len(l) }
func (l longest) Less(i, j int) bool { return l[i].depth() < l[j].depth() }
func (l longest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *longest) Push(x any)        { *l = append(*l, x.(measured)) }
func (l *longest) Pop() any          { panic("never popped") }
