package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ways are the brokers of sizeRetention: what becomes of the messages.
var ways = [...]struct {
	name  string
	keeps time.Duration // MessageRetentionPeriod
	purge bool          // every minute, all at once
}{
	{"retention", time.Minute, false},
	{"kept", 14 * 24 * time.Hour, false},
	{"purged", 14 * 24 * time.Hour, true},
}

// sizeRetention runs three brokers beside each other, the same messages at the
// same rate into all, and nobody receives any: one whose queue keeps them for 60
// seconds, so that as many expire as come; one that keeps them all, and so has
// a store that grows; one whose queue is purged each minute, so that its store
// is as small as the first one's, and emptying it costs next to nothing. What
// expiry costs is the difference of their processor time.
func sizeRetention(o *options, dir string) ([][]string, error) {
	const perSecond = 2000
	warm := min(o.long/2, 75*time.Second) // expiry begins after 60
	var used [len(ways)]time.Duration
	var sent [len(ways)]int64
	var left [len(ways)]string // in the queue at the end
	var errs [len(ways)]error
	var wg sync.WaitGroup
	for i, way := range ways {
		r, conn, err := startQueue(o, filepath.Join(dir, way.name), way.keeps)
		if err != nil {
			return nil, err
		}
		defer r.Stop()
		if way.purge {
			stop := every(time.Minute+time.Second, func() { purge(conn) })
			defer stop()
		}
		t := &Target{Scenario: &Scenario{Batch: 10}, Addr: r.Addrs["sqs"], Name: "kept"}
		p, err := sqsClient{}.Produce(t, 0, func(int) {})
		if err != nil {
			return nil, err
		}
		wg.Go(func() {
			defer p.Close() //nolint:errcheck // it waits for nothing
			b := &run{target: Target{Scenario: &Scenario{Size: 256}}, rate: perSecond, producers: []Producer{p}}
			time.AfterFunc(warm, func() { used[i] = -familyCPU(r.PID) })
			time.AfterFunc(o.long, func() {
				used[i] += familyCPU(r.PID)
				b.stopping.Store(true)
			})
			sent[i], errs[i] = b.byTheClock(p, newBody(256, 0, i))
			left[i] = waiting(newSQSConn(r.Addrs["sqs"])) // the first one was idle for too long
		})
	}
	wg.Wait()
	rows := [][]string{}
	for i, way := range ways {
		if errs[i] != nil {
			return nil, errs[i]
		}
		perMessage := used[i] / time.Duration(max(1, int64((o.long-warm).Seconds()*perSecond)))
		row := []string{
			fmt.Sprintf("%s: %d messages in %v, %d/s", way.name, sent[i], o.long, perSecond),
			fmt.Sprintf("%v CPU, %v a message, %s waiting, %s on disk", used[i], perMessage, left[i], mebi(treeBytes(filepath.Join(dir, way.name, "data")))), "",
		}
		if i > 0 {
			cost := 100 * (float64(used[0])/float64(used[i]) - 1)
			row[1] += fmt.Sprintf("; retention costs %.1f%% more", cost)
			row[2] = reached(cost < 5, "< %g%%", 5)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// startQueue starts a broker in dir with the queue "kept".
func startQueue(o *options, dir string, keeps time.Duration) (*Running, *sqsConn, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, nil, err
	}
	r, _, err := startIn(o, dir)
	if err != nil {
		return nil, nil, err
	}
	c := newSQSConn(r.Addrs["sqs"])
	_, err = c.call("CreateQueue", fmt.Appendf(nil, `{"QueueName":"kept","Attributes":{"MessageRetentionPeriod":"%d"}}`, int(keeps.Seconds())))
	if err != nil {
		r.Stop()
	}
	return r, c, err
}

// waiting is how many messages SQS says are there.
func waiting(c *sqsConn) string {
	defer c.close()
	url, err := queueURL(c, &Target{Scenario: &Scenario{}, Name: "kept"})
	if err != nil {
		return err.Error()
	}
	answer, err := c.call("GetQueueAttributes", fmt.Appendf(nil, `{"QueueUrl":%q,"AttributeNames":["ApproximateNumberOfMessages"]}`, url))
	if err != nil {
		return err.Error()
	}
	n, _, _ := jsonText(answer, "ApproximateNumberOfMessages")
	return string(n)
}

func purge(c *sqsConn) {
	url, err := queueURL(c, &Target{Scenario: &Scenario{}, Name: "kept"})
	if err == nil {
		_, err = c.call("PurgeQueue", fmt.Appendf(nil, `{"QueueUrl":%q}`, url))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "purge:", err)
	}
}

// every calls f again and again, until stop is called.
func every(d time.Duration, f func()) (stop func()) {
	t, done := time.NewTicker(d), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-t.C:
				f()
			case <-done:
				return
			}
		}
	})
	return func() {
		t.Stop()
		close(done)
		wg.Wait()
	}
}
