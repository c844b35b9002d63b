package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// perftest has RabbitMQ's own load generator, com.rabbitmq:perf-test, measure
// Slipway and RabbitMQ with the same arguments: a durable queue, persistent
// messages of 256 B, confirms, one to one.

func init() { commands["perftest"] = perftest }

const perfTestSeconds = 15

func perftest(o *options) error {
	if why := hasFile(o.tools.path("perftest/perf-test-*.jar")); why != "" {
		return fmt.Errorf("missing: %s", why)
	}
	o.peers = "slipway,rabbitmq"
	running, missing := startPeers(o)
	defer func() {
		for _, r := range running {
			r.Stop()
		}
	}()
	rep := newReport(o, running, missing)
	s := section{Title: "com.rabbitmq:perf-test", Head: []string{"confirms", "broker", "sent/s", "received/s", "ratio", "median second", "broker CPU us", "ratio", "p50", "p99"}}
	for _, window := range []int{1, 100, 1000} {
		var ours perfResult
		for _, r := range running {
			res, err := runPerfTest(o, r, window)
			if err != nil {
				return err
			}
			row := []string{strconv.Itoa(window), r.Name, fmt.Sprintf("%.0f", res.sent), fmt.Sprintf("%.0f", res.received), "",
				fmt.Sprintf("%.0f", res.second), fmt.Sprintf("%.1f", res.cpu), "", res.p50.String(), res.p99.String()}
			if r.Name == "slipway" {
				ours = res
			} else if ours.received > 0 && res.received > 0 && res.cpu > 0 {
				row[4], row[7] = fmt.Sprintf("%.2f", ours.received/res.received), fmt.Sprintf("%.2f", ours.cpu/res.cpu)
			}
			s.Rows = append(s.Rows, row)
		}
	}
	s.Note = fmt.Sprintf("Each ran for %d s, the start of its JVM among them; the median second is without. Load average %.1f at the end.", perfTestSeconds, loadAverage())
	rep.extra = append(rep.extra, s)
	return rep.write(o.out)
}

// A perfResult is what perf-test says, messages a second and latencies of the
// consumer; cpu is the broker's, microseconds a message.
type perfResult struct {
	sent, received, second, cpu float64
	p50, p99                    time.Duration
}

func runPerfTest(o *options, r *Running, window int) (perfResult, error) {
	queue := fmt.Sprintf("perf-%d", window)
	args := []string{"-cp", o.tools.path("perftest", "*"), "com.rabbitmq.perf.PerfTest", "-h", "amqp://guest:guest@" + r.Addrs["amqp"],
		"-x", "1", "-y", "1", "-u", queue, "-f", "persistent", "-ad", "false", "-s", "256",
		"-c", strconv.Itoa(window), "-q", strconv.Itoa(prefetch), "-A", strconv.Itoa(min(window, ackEvery)), "-z", strconv.Itoa(perfTestSeconds)}
	if r.QueueType != "" {
		args = append(args, "-qa", "x-queue-type="+r.QueueType)
	}
	before := familyCPU(r.PID)
	out, err := exec.Command("java", args...).CombinedOutput()
	if err != nil {
		return perfResult{}, fmt.Errorf("perf-test against %s: %w: %.2000s", r.Name, err, out)
	}
	cpu := familyCPU(r.PID) - before
	fmt.Fprintf(os.Stderr, "%s, confirms %d\n%s", r.Name, window, out)
	res, err := readPerfTest(out)
	res.cpu = perMessage(cpu, int64(res.received*perfTestSeconds))
	return res, err
}

var (
	perfSecond   = regexp.MustCompile(`time [\d.]+ s, .* received: (\d+) msg/s`)
	perfSent     = regexp.MustCompile(`sending rate avg: (\d+) msg/s`)
	perfReceived = regexp.MustCompile(`receiving rate avg: (\d+) msg/s`)
	perfLatency  = regexp.MustCompile(`(?m)consumer latency min/median/75th/95th/99th \d+/(\d+)/\d+/\d+/(\d+) `)
)

// readPerfTest finds the figures in what perf-test prints.
func readPerfTest(out []byte) (res perfResult, err error) {
	sent, received, latency := perfSent.FindSubmatch(out), perfReceived.FindSubmatch(out), perfLatency.FindSubmatch(out)
	if sent == nil || received == nil || latency == nil {
		return res, fmt.Errorf("perf-test's summary is not there: %.2000s", out)
	}
	var n []float64
	for _, text := range slices.Concat(sent[1:], received[1:], latency[1:]) {
		v, _ := strconv.ParseFloat(string(text), 64) // the expression has digits alone
		n = append(n, v)
	}
	var seconds []float64
	for _, m := range perfSecond.FindAllSubmatch(out, -1) {
		v, _ := strconv.ParseFloat(string(m[1]), 64) // so has this
		seconds = append(seconds, v)
	}
	us := func(v float64) time.Duration { return time.Duration(v) * time.Microsecond }
	return perfResult{sent: n[0], received: n[1], second: middle(seconds), p50: us(n[2]), p99: us(n[3])}, nil
}
