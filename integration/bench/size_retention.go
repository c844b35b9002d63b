package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// sizeRetention runs two brokers beside each other, the same messages at the
// same rate into both: one whose queue keeps them for 60 seconds, so that as
// many expire as come, and one that keeps them all. What expiry costs is the
// difference of their processor time.
func sizeRetention(o *options, dir string) ([][]string, error) {
	const perSecond = 1000
	var brokers [2]*Running
	var producers [2]Producer
	for i, keeps := range []int{60, 1209600} {
		sub := filepath.Join(dir, fmt.Sprint(keeps))
		if err := os.Mkdir(sub, 0o700); err != nil {
			return nil, err
		}
		r, _, err := startIn(o, sub)
		if err != nil {
			return nil, err
		}
		defer r.Stop()
		c := newSQSConn(r.Addrs["sqs"])
		if _, err := c.call("CreateQueue", fmt.Appendf(nil, `{"QueueName":"kept","Attributes":{"MessageRetentionPeriod":"%d"}}`, keeps)); err != nil {
			return nil, err
		}
		c.close()
		t := &Target{Scenario: &Scenario{Batch: 10}, Addr: r.Addrs["sqs"], Name: "kept"}
		if producers[i], err = (sqsClient{}).Produce(t, 0, func(int) {}); err != nil {
			return nil, err
		}
		brokers[i] = r
	}
	warm := min(o.long/4, 75*time.Second)
	var begin, end [2]time.Duration
	var sent [2]int64
	var errs [2]error
	var wg sync.WaitGroup
	for i, p := range producers {
		wg.Go(func() {
			defer p.Close() //nolint:errcheck // it waits for nothing
			r := &run{target: Target{Scenario: &Scenario{Size: 256}}, rate: perSecond, producers: []Producer{p}}
			time.AfterFunc(warm, func() { begin[i] = familyCPU(brokers[i].PID) })
			time.AfterFunc(o.long, func() {
				end[i] = familyCPU(brokers[i].PID)
				r.stopping.Store(true)
			})
			sent[i], errs[i] = r.byTheClock(p, newBody(256, 0, i))
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	with, without := end[0]-begin[0], end[1]-begin[1]
	cost := 100 * (float64(with)/float64(without) - 1)
	return [][]string{
		{fmt.Sprintf("retention of 60 s, %d messages/s for %v", perSecond, o.long), fmt.Sprintf("%.1f%% more CPU than without (%v, %v)", cost, with, without), reached(cost < 5, "< %g%%", 5)},
		{"on disk with retention, without", mebi(treeBytes(filepath.Join(dir, "60", "data"))) + ", " + mebi(treeBytes(filepath.Join(dir, "1209600", "data"))), ""},
	}, nil
}
