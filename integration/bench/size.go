package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Nobody but this program reaches these, so all is open, profiles too: they
// collect garbage before memory is looked at.
const sizeConfig = `
routes: [{topic: bench/route, queue: bench-route}]
admin: {profiles: true}
limits: {min_free_disk: 64MiB, max_connections: 100000}
`

func init() { commands["size"] = size }

// sizes are the measurements of `bench size`, each with a broker of its own.
var sizes = []struct {
	name  string
	do    func(o *options, dir string) ([][]string, error)
	asked bool // only where -only names it
}{
	{"start", sizeStart, false},
	{"connections", sizeConnections, false},
	{"queues", sizeQueues, false},
	{"messages", sizeMessages, false},
	{"retention", sizeRetention, false},
	{"amqp-queues", sizeAMQPQueues, true},
	{"amqp-messages", sizeAMQPMessages, true},
}

// size measures what the broker weighs; -only names one of sizes.
func size(o *options) error {
	info, err := os.Stat(o.tools.slipway)
	if err != nil {
		return err
	}
	rep := newReport(o, nil, nil)
	s := section{Title: "Size", Head: []string{"what", "figure", "target"}, Rows: [][]string{{"static binary", mebi(info.Size()), ""}}}
	for _, m := range sizes {
		if !begins(o.only, m.name) || m.asked && o.only == "" {
			continue
		}
		fmt.Fprintln(os.Stderr, m.name, "...")
		dir := filepath.Join(o.dir, m.name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		rows, err := m.do(o, dir)
		if err != nil {
			rows = append(rows, []string{m.name, "failed: " + err.Error(), ""})
		}
		s.Rows = append(s.Rows, rows...)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	s.Note = fmt.Sprintf("Load average %.1f at the end.", loadAverage())
	rep.extra = append(rep.extra, s)
	return rep.write(o.out)
}

func mebi(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// scaled is n, or as much of it as -scale says, at least 1.
func (o *options) scaled(n int) int { return max(1, int(int64(n)*int64(o.scale)/100)) }

// startIn starts a broker whose start is timed.
func startIn(o *options, dir string) (*Running, time.Duration, error) {
	start := time.Now()
	r, err := startSlipwayWith(&o.tools, dir, sizeConfig)
	if err != nil {
		return nil, 0, err
	}
	for {
		answer, err := http.Get("http://" + r.Addrs["admin"] + "/readyz")
		if err == nil {
			_ = answer.Body.Close() // the status is what counts
			if answer.StatusCode == http.StatusOK {
				return r, time.Since(start), nil
			}
		}
		if time.Since(start) > time.Minute {
			return nil, 0, errors.Join(errors.New("never ready"), err)
		}
		<-time.After(time.Millisecond)
	}
}

// collected is what is resident after the broker has collected its garbage.
// What it holds is kept beside the tables, as a profile of that name.
func collected(o *options, r *Running, name string) int64 {
	var profile []byte
	for range 2 {
		if answer, err := http.Get("http://" + r.Addrs["admin"] + "/debug/pprof/heap?gc=1"); err == nil {
			profile, _ = io.ReadAll(answer.Body) // a help to the reader, no result
			_ = answer.Body.Close()
		}
	}
	if o.out != "" {
		_ = os.MkdirAll(o.out, 0o755) // so is this
		_ = os.WriteFile(filepath.Join(o.out, name+".pprof"), profile, 0o644)
	}
	<-time.After(3 * time.Second) // Go gives memory back in the background
	return residentBytes(r.PID)
}

func sizeStart(o *options, dir string) ([][]string, error) {
	var all []time.Duration
	for i := range 5 {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(sub, 0o700); err != nil {
			return nil, err
		}
		r, took, err := startIn(o, sub)
		if err != nil {
			return nil, err
		}
		r.Stop()
		all = append(all, took)
	}
	slices.Sort(all)
	return [][]string{{"start to ready on an empty store", all[2].Round(time.Millisecond).String(), reached(all[2] <= 300*time.Millisecond, "<= %g ms", 300)}}, nil
}

// inParallel does f(0..n-1), several at a time.
func inParallel(n, workers int, f func(worker, i int) error) error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = f(w, i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// perOne says what each of n took on average; most is the target, 0 if none.
func perOne(what string, before, after int64, n int, most float64) []string {
	each := float64(after-before) / float64(n) / 1024
	target := ""
	if most > 0 {
		target = reached(each <= most, "<= %g KiB", most)
	}
	return []string{fmt.Sprintf("%d %s", n, what), fmt.Sprintf("%.2f KiB each (%s to %s)", each, mebi(before), mebi(after)), target}
}

func sizeConnections(o *options, dir string) ([][]string, error) {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return nil, err
	}
	n := o.scaled(10000)
	if uint64(n)+100 > lim.Cur {
		return nil, fmt.Errorf("%d connections need more than %d file handles (ulimit -n)", n, lim.Cur)
	}
	r, _, err := startIn(o, dir)
	if err != nil {
		return nil, err
	}
	defer r.Stop()
	before := collected(o, r, "empty")
	conns := make([]net.Conn, n)
	err = inParallel(n, 50, func(_, i int) (err error) {
		conns[i], err = mqttDial(r.Addrs["mqtt"], fmt.Sprintf("idle-%d", i), true)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows := [][]string{perOne("idle MQTT connections", before, collected(o, r, "connections"), n, 12)}
	for _, c := range conns {
		err = errors.Join(err, c.Close())
	}
	return rows, err
}

func sizeQueues(o *options, dir string) ([][]string, error) {
	r, _, err := startIn(o, dir)
	if err != nil {
		return nil, err
	}
	defer func() { r.Stop() }()
	conns := make([]*sqsConn, 64)
	for i := range conns {
		conns[i] = newSQSConn(r.Addrs["sqs"])
	}
	before := collected(o, r, "empty")
	n := o.scaled(100000)
	err = inParallel(n, len(conns), func(w, i int) error {
		_, err := conns[w].call("CreateQueue", fmt.Appendf(nil, `{"QueueName":"idle-%d"}`, i))
		return err
	})
	if err != nil {
		return nil, err
	}
	after := collected(o, r, "queues")
	r.Stop()
	again, took, err := startIn(o, dir)
	if err != nil {
		return nil, err
	}
	r = again
	restarted := perOne("idle queues, after a restart in "+took.Round(time.Millisecond).String(), before, collected(o, r, "queues-restarted"), n, 1)
	return [][]string{perOne("idle queues, just created", before, after, n, 1), restarted}, nil
}
