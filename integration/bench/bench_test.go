package main

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain is also the peer "floor", which is this program once more.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		main()
	}
	os.Exit(m.Run())
}

// The program itself, once and briefly, against the binary of this tree: what
// is wanted is that messages arrive and a table comes out, and no speed.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	binary, err := build(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := &options{
		tools: tools{slipway: binary}, dir: t.TempDir(), out: t.TempDir(), peers: "slipway,floor", rounds: 1, rate: 500,
		times: times{warm: 50 * time.Millisecond, window: 200 * time.Millisecond, patience: 10 * time.Second},
	}
	running, missing := startPeers(o)
	if len(running) != 2 || len(missing) != 0 {
		t.Fatalf("%d running, missing %q", len(running), missing)
	}
	defer running[0].Stop()
	defer running[1].Stop()
	for _, only := range []string{"mqtt-q0-10-1", "mqtt-q1-w20", "mqtt-q1-p99", "sqs-send10-16", "sqs-receive-16", "sqs-p99", "mqtt-to-sqs", "sqs-depth-100",
		"amqp-w1", "amqp-w1000", "amqp-10-10", "amqp-fanout-1-10", "amqp-transient", "amqp-16k-w100", "amqp-p99", "amqp-over-wss-w1000",
		"stomp-w1", "stomp-w1000", "stomp-10-10", "stomp-topic-1-10", "stomp-16k-w100", "stomp-p99", "stomp-over-wss-w1000"} {
		t.Run(only, func(t *testing.T) {
			rep := newReport(o, running, missing)
			rep.measure(o, scenario(only))
			if rep.results[0].Peer != "slipway" {
				t.Fatalf("%d results", len(rep.results))
			}
			for _, res := range rep.results {
				if res.Error != "" || res.Messages == 0 || res.Doubled != 0 || res.Broker < 0 {
					t.Errorf("%+v", res)
				}
				if (scenario(only).Confirm || res.Peer == noBroker) && res.Missing > 0 {
					t.Errorf("%s: %d of %d are missing", res.Peer, res.Missing, res.Sent)
				}
				if md := rep.markdown(); !strings.Contains(md, "| "+only+" | "+res.Peer+" |") {
					t.Errorf("the table is\n%s", md)
				}
			}
			if err := rep.write(o.out); err != nil {
				t.Error(err)
			}
		})
	}
}

func scenario(name string) *Scenario {
	return scenarios[slices.IndexFunc(scenarios, func(s *Scenario) bool { return s.Name == name })]
}

// A missed target is beyond the floor where the floor misses it too.
func TestFloorVerdict(t *testing.T) {
	rep := &report{running: []*Running{{Name: "slipway"}, {Name: "rabbitmq"}, {Name: "activemq"}, {Name: "floor"}, {Name: "nothing"}}}
	for _, r := range []struct {
		peer     string
		messages int64
		broker   time.Duration
	}{{"slipway", 400, 2000}, {"rabbitmq", 100, 1000}, {"activemq", 120, 1000}, {"floor", 480, 1440}, {"nothing", 9000, 1}} {
		rep.results = append(rep.results, Result{Scenario: "stomp-w1", Peer: r.peer, Messages: r.messages, Elapsed: time.Second, Broker: r.broker * time.Millisecond, Client: 500 * time.Millisecond})
	}
	for _, step := range []struct {
		target target
		want   string
	}{
		{target{"rabbitmq", 4, 0}, ">= 4x yes"},
		{target{"rabbitmq", 4.5, 0}, ">= 4.5x NO"},
		{target{"rabbitmq", 5, 0.2}, ">= 5x beyond the floor (4.80), CPU <= 0.2 beyond the floor (0.30)"},
		{target{"rabbitmq", 0, 0.4}, "CPU <= 0.4 NO"},
	} {
		if got := rep.verdict(&Scenario{Name: "stomp-w1", Targets: []target{step.target}}, "rabbitmq"); got != step.want {
			t.Errorf("%+v: %s, want %s", step.target, got, step.want)
		}
	}
	want := []string{"stomp-w1", "480", "0.83", "activemq", "4.00", "3.33", "0.50 + 1.44", "0.50 + 2.00"}
	if rows := rep.allowed().Rows; len(rows) != 1 || !slices.Equal(rows[0], want) {
		t.Errorf("%q, want %q", rows, want)
	}
}

// What the floor logs is a record with its length and checksum, as it is
// delivered; a message that has come in part waits for its rest.
func TestFloorLog(t *testing.T) {
	dir := t.TempDir()
	log, err := openFloorLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := &floorProducer{f: &floor{log: log, places: map[string]*floorPlace{}}}
	p.tag = -1
	if err := p.to([]byte("q"), true); err != nil {
		t.Fatal(err)
	}
	p.batch.buf = append(p.batch.buf, "whole"...)
	p.add()
	p.batch.buf = append(p.batch.buf, "in p"...)
	for _, rest := range []string{"art", ""} { // what comes after each flush
		if err := p.flush(); err != nil {
			t.Fatal(err)
		}
		if rest != "" {
			p.batch.buf = append(p.batch.buf, rest...)
			p.add()
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "0.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"whole", "in part", ""} {
		if n := binary.BigEndian.Uint32(b); int(n) != len(want) || string(b[8:8+n]) != want || binary.BigEndian.Uint32(b[4:]) != crc32.Checksum([]byte(want), castagnoli) {
			t.Errorf("%q, want a record of %q", b[:8+n], want)
		}
		b = b[8+len(want):]
	}
}

// An acknowledgement of several counts what none before it did.
func TestConfirms(t *testing.T) {
	c := confirms{next: 1}
	for _, step := range []struct {
		tag      uint32
		multiple bool
		want     int
	}{{2, false, 1}, {2, false, 0}, {3, true, 2}, {3, true, 0}, {5, false, 1}, {6, true, 2}, {1, true, 0}, {7, true, 1}} {
		if n := c.ack(step.tag, step.multiple); n != step.want {
			t.Errorf("%+v: %d", step, n)
		}
	}
}

// The figures of perf-test are where it prints them.
func TestReadPerfTest(t *testing.T) {
	out := []byte(`id: t, time 1.0 s, sent: 9 msg/s, confirmed: 9 msg/s, nacked: 0 msg/s, received: 51 msg/s, min/median/75th/95th/99th consumer latency: 1/2/3/4/5 µs, confirm latency: 1/2/3/4/5 µs
id: t, time 2.0 s, sent: 9 msg/s, confirmed: 9 msg/s, nacked: 0 msg/s, received: 71 msg/s, min/median/75th/95th/99th consumer latency: 1/2/3/4/5 µs, confirm latency: 1/2/3/4/5 µs
test stopped (Reached time limit)
id: t, sending rate avg: 940 msg/s
id: t, receiving rate avg: 930 msg/s
id: t, consumer latency min/median/75th/95th/99th 1553/30052/133086/445591/1127411 µs
id: t, confirm latency min/median/75th/95th/99th 691/21939/69993/206982/316856 µs
`)
	got, err := readPerfTest(out)
	if want := (perfResult{sent: 940, received: 930, second: 71, p50: 30052 * time.Microsecond, p99: 1127411 * time.Microsecond}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := readPerfTest(out[:100]); err == nil {
		t.Error("half an output was taken")
	}
}

// A pace tells the tenths apart, however many are through at once.
func TestPace(t *testing.T) {
	p := newPace(1000)
	if p.add(250) || p.at[1].Load() == 0 || p.at[2].Load() != 0 {
		t.Errorf("%v", p.at[:3])
	}
	if !p.add(750) || p.at[9].Load() == 0 {
		t.Error("not all are through")
	}
}

// Frames come in pieces, behind heart-beats, with a length or without.
func TestCutFrame(t *testing.T) {
	text := "MESSAGE\nack:7\nack:8\ncontent-length:3\n\na\x00b\x00"
	for n := range len(text) {
		if f, total, err := cutFrame([]byte(text[:n])); err != nil || total != 0 && total != len(text) {
			t.Errorf("%q: %+v, %d, %v", text[:n], f, total, err)
		}
	}
	f, total, err := cutFrame([]byte(text + "\n\n"))
	if err != nil || total != len(text) || string(f.body) != "a\x00b" || string(f.header("\nack:")) != "7" || string(f.command) != "MESSAGE" {
		t.Errorf("%+v, %d, %v", f, total, err)
	}
	if f, total, err := cutFrame([]byte("CONNECTED\n\nx\x00y")); err != nil || total != 13 || string(f.body) != "x" || f.header("\nack:") != nil {
		t.Errorf("%+v, %d, %v", f, total, err)
	}
	if _, _, err := cutFrame([]byte("MESSAGE\ncontent-length:-1\n\n")); err == nil {
		t.Error("a length below 0 was taken")
	}
}

// What the broker weighs, in small.
func TestSize(t *testing.T) {
	dir := t.TempDir()
	binary, err := build(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := &options{tools: tools{slipway: binary}, dir: dir, out: t.TempDir(), only: "start,queues,messages,amqp", scale: 1, long: time.Second}
	for _, m := range sizes {
		if !begins(o.only, m.name) {
			continue
		}
		sub := filepath.Join(dir, m.name)
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		if rows, err := m.do(o, sub); err != nil || len(rows) == 0 {
			t.Errorf("%s: %q, %v", m.name, rows, err)
		}
	}
}

// A plot has a line for each band, in each of the samples.
func TestChurnSamples(t *testing.T) {
	dir := t.TempDir()
	all := []sample{{minutes: 0, resident: 20}, {minutes: 1, resident: 30, failures: 2}}
	if err := writeSamples(dir, all); err != nil {
		t.Fatal(err)
	}
	csv, err := os.ReadFile(filepath.Join(dir, "churn.csv"))
	if err != nil || strings.Count(string(csv), "\n") != 3 || !strings.HasSuffix(string(csv), ",2\n") {
		t.Errorf("%v\n%s", err, csv)
	}
	if svg := plot(all); strings.Count(svg, "<polyline") != 5 {
		t.Error(svg)
	}
}

// Every protocol of a scenario has a client, and names differ.
func TestScenarios(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenarios {
		if seen[s.Name] {
			t.Errorf("two scenarios are called %s", s.Name)
		}
		seen[s.Name] = true
		if clients[s.Protocol] == nil || clients[s.consume()] == nil {
			t.Errorf("%s: no client for its protocol", s.Name)
		}
		if s.HalfOf != "" && !seen[s.HalfOf] {
			t.Errorf("%s: %s does not stand before it", s.Name, s.HalfOf)
		}
	}
}

func TestBody(t *testing.T) {
	b := newBody(256, 0xbeef, 7)
	due := time.Unix(1, 234567)
	stamp(b, due, 4_000_000_000)
	h, ok := readHead(b)
	if want := (head{due.UnixNano(), 0xbeef, 7, 4_000_000_000}); !ok || h != want || len(b) != 256 {
		t.Errorf("%+v %v of %d bytes, want %+v", h, ok, len(b), want)
	}
	if _, ok := readHead([]byte(strings.Repeat("x", 40))); ok {
		t.Error("a foreign body was taken")
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(time.Duration(i) * time.Microsecond)
	}
	for _, p := range []float64{50, 99} {
		want := time.Duration(p*10) * time.Microsecond
		if got := h.percentile(p); got < want || got > want*107/100 {
			t.Errorf("%v %% are below %v, want about %v", p, got, want)
		}
	}
	for _, d := range []time.Duration{0, 15, 16, 17, 1000, time.Hour} {
		if got := top(bucket(d)); got < d || got > d+d/15 {
			t.Errorf("%d falls under %d", d, got)
		}
	}
}

func TestSequence(t *testing.T) {
	var s sequence
	for _, seq := range []uint32{0, 64, 1 << 20, 63} {
		if !s.add(seq) || s.add(seq) {
			t.Errorf("%d: it is new once", seq)
		}
	}
}

func TestJSONText(t *testing.T) {
	answer := []byte(`{"Messages": [{"MD5OfBody": "x", "Body": "a\"b", "ReceiptHandle":"r1"},{"ReceiptHandle":"r2","Body":"c"}]}`)
	k := &sqsConsumer{}
	if err := k.split(answer); err != nil {
		t.Fatal(err)
	}
	if len(k.bodies) != 2 || string(k.bodies[0]) != `a\"b` || string(k.bodies[1]) != "c" || string(k.receipts[1]) != "r2" {
		t.Errorf("%q %q", k.bodies, k.receipts)
	}
	if err := batchDone("SendMessageBatch", []byte(`{"Successful":[],"Failed": [{"Id":"0"}]}`)); err == nil {
		t.Error("a failed entry was not seen")
	}
	if err := batchDone("SendMessageBatch", []byte(`{"Successful":[],"Failed":[]}`)); err != nil {
		t.Error(err)
	}
}

// What is missing is said and does not stop the rest.
func TestMissing(t *testing.T) {
	o := &options{tools: tools{dir: t.TempDir()}, dir: t.TempDir(), peers: "moto,nothing"}
	running, missing := startPeers(o)
	if len(running) != 1 || len(missing) != 1 || !strings.Contains(missing[0], "-install") {
		t.Errorf("%d running, missing %q", len(running), missing)
	}
}

func TestRemote(t *testing.T) {
	r, err := remote("other=mqtt://10.0.0.1:1883,sqs://10.0.0.1:4566,pid:42")
	if err != nil || r.Name != "other" || r.Addrs["mqtt"] != "10.0.0.1:1883" || r.Addrs["sqs"] != "10.0.0.1:4566" || r.PID != 42 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{"x", "x=gopher://h:1", "x=mqtt://h:1,pid:y"} {
		if _, err := remote(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
