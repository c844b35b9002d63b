package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const mostResident = 400 << 20 // bytes, however deep a queue is

// route is the queue bench-route, as many messages deep as it is.
func route(addr string) *Target {
	return &Target{Scenario: &Scenario{Confirm: true, Window: 1000, Route: true, Size: 256}, Addr: addr, Name: "fill"}
}

// fill publishes n messages at QoS 1 to the topic that is routed to the queue.
func fill(r *Running, n int) error {
	const producers = 4
	return inParallel(producers, producers, func(w, _ int) error {
		p, err := mqttClient{}.Produce(route(r.Addrs["mqtt"]), w, func(int) {})
		if err != nil {
			return err
		}
		body := newBody(256, 0, w)
		for i := range n / producers {
			stamp(body, time.Now(), uint32(i))
			if err := p.Send(body); err != nil {
				return err
			}
		}
		return errors.Join(p.Finish(time.Now().Add(time.Minute)), p.Close())
	})
}

// drainRate is how many messages a second leave the queue for one MQTT
// consumer, until n have come or the time is over.
func drainRate(r *Running, n int64, within time.Duration) (float64, error) {
	t := route(r.Addrs["mqtt"])
	t.Scenario.Queue = "bench-route"
	got, enough, start := int64(0), make(chan struct{}), time.Time{}
	var end time.Time
	k, err := mqttClient{}.Consume(t, 0, func([]byte) {
		if got++; got == 1 {
			start = time.Now()
		}
		if got == n {
			end = time.Now()
			close(enough)
		}
	})
	if err != nil {
		return 0, err
	}
	select {
	case <-enough:
	case <-time.After(within):
	}
	err = k.Close()
	if end.IsZero() {
		end = time.Now()
	}
	return float64(got) / end.Sub(start).Seconds(), err
}

func sizeMessages(o *options, dir string) ([][]string, error) {
	r, _, err := startIn(o, dir)
	if err != nil {
		return nil, err
	}
	defer func() { r.Stop() }()
	n := o.scaled(10_000_000)
	few := min(n, 10_000)
	var shallow []float64
	for range 3 {
		if err := fill(r, few); err != nil {
			return nil, err
		}
		rate, err := drainRate(r, int64(few/4*4), 10*time.Second)
		if err != nil {
			return nil, err
		}
		shallow = append(shallow, rate)
	}
	start := time.Now()
	if err := fill(r, n); err != nil {
		return nil, err
	}
	filled := time.Since(start)
	rows := [][]string{
		{fmt.Sprintf("%d messages of 256 B: publishing", n), fmt.Sprintf("%.0f/s", float64(n)/filled.Seconds()), ""},
		{"resident: most so far", mebi(peakBytes(r.PID)), reached(peakBytes(r.PID) <= mostResident, "<= %g MiB", 400)},
		{"on disk", mebi(treeBytes(filepath.Join(dir, "data"))), ""},
	}
	r.Stop()
	again, took, err := startIn(o, dir)
	if err != nil {
		return rows, err
	}
	r = again
	rows = append(rows,
		[]string{"restart to ready", took.Round(time.Millisecond).String(), reached(took <= 5*time.Second, "<= %g s", 5)},
		[]string{"resident after the restart", mebi(residentBytes(r.PID)), reached(residentBytes(r.PID) <= mostResident, "<= %g MiB", 400)})
	var deep []float64
	for range 3 {
		rate, err := drainRate(r, int64(few), 10*time.Second)
		if err != nil {
			return rows, err
		}
		deep = append(deep, rate)
	}
	long, err := drainRate(r, int64(n/4), time.Minute)
	if err != nil {
		return rows, err
	}
	ratio := middle(deep) / middle(shallow)
	return append(rows,
		[]string{fmt.Sprintf("drain of %d, so deep", few), fmt.Sprintf("%.0f/s", middle(shallow)), ""},
		[]string{fmt.Sprintf("drain of %d, %d deep", few, n), fmt.Sprintf("%.0f/s", middle(deep)), reached(ratio >= 1, "ratio %.2f >= 1", ratio)},
		[]string{fmt.Sprintf("drain of %d, %d deep", n/4, n), fmt.Sprintf("%.0f/s", long), ""},
		[]string{"resident: most while draining", mebi(peakBytes(r.PID)), reached(peakBytes(r.PID) <= mostResident, "<= %g MiB", 400)}), nil
}
