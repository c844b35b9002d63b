package main

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"
)

// burst puts a hundred times the usual rate for ten seconds into a consumer
// that does the usual rate, and then lets it work as fast as it can: nothing
// may be lost, and what was not consumed yet may not be in memory.
func burst(o *options, rep *report) (section, error) {
	s := section{Title: "Burst: 100 times the usual rate for ten seconds into a slow consumer", Head: []string{"", "MQTT QoS 1, persistent session"}}
	const usual, times100, seconds = 500, 50000, 10
	var peer *Running
	for _, r := range rep.running {
		if r.Name == "slipway" {
			peer = r
		}
	}
	if peer == nil {
		return s, fmt.Errorf("slipway is not among the peers")
	}
	runs++
	t := Target{Scenario: &Scenario{Name: "burst", Protocol: "mqtt", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000}, Addr: peer.Addrs["mqtt"]}
	t.Name = name(t.Scenario, runs)
	r := &run{target: t, times: o.times, id: runs, client: mqttClient{}, readers: mqttClient{}, reading: t.Addr, pid: peer.PID, rate: times100}
	taker := &taker{run: r, seen: map[int]*sequence{}}
	var slow atomic.Bool
	slow.Store(true)
	c, err := mqttClient{}.Consume(&t, 0, func(body []byte) {
		taker.take(body)
		if slow.Load() {
			<-time.After(time.Second / usual)
		}
	})
	if err != nil {
		return s, err
	}
	if err := r.produceFrom(1); err != nil {
		return s, err
	}
	most := int64(0)
	watching := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		every := time.NewTicker(50 * time.Millisecond)
		defer every.Stop()
		for {
			most = max(most, residentBytes(peer.PID))
			select {
			case <-every.C:
			case <-watching:
				return
			}
		}
	}()
	time.AfterFunc(seconds*time.Second, func() { r.stopping.Store(true) })
	start := time.Now()
	sent, err := r.produce(r.producers[0], 0)
	confirmedIn, before := time.Since(start), r.received.Load()
	slow.Store(false)
	start = time.Now()
	r.await(sent)
	drained := time.Since(start)
	close(watching)
	<-watched
	got := r.received.Load()
	closed := c.Close()
	if err == nil {
		err = r.detach()
	}
	if err == nil {
		err = closed
	}
	s.Rows = [][]string{
		{"sent and confirmed", fmt.Sprintf("%d in %.1f s", sent, confirmedIn.Seconds())},
		{"received by then", fmt.Sprint(before)},
		{"drained", fmt.Sprintf("in %.1f s (%.0f/s)", drained.Seconds(), float64(got-before)/drained.Seconds())},
		{"lost, doubled", fmt.Sprintf("%d, %d", sent-got, taker.doubled)},
		{"most resident", fmt.Sprintf("%.0f MiB", float64(most)/(1<<20))},
		{"on disk after", fmt.Sprintf("%.0f MiB", float64(treeBytes(filepath.Join(o.dir, "slipway", "data")))/(1<<20))},
	}
	return s, err
}
