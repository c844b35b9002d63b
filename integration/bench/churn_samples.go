package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A sample is one row of the churn's CSV.
type sample struct {
	minutes    float64
	resident   float64 // MiB
	heap       float64 // MiB, as the garbage collector last found it
	goroutines float64
	files      float64
	disk       float64 // MiB
	steps      [5]int64
	failures   int64
}

// watch takes a sample every so often, and writes CSV and plot after each, so
// that a run that is cut short has them too.
func (c *churn) watch(ctx context.Context, broker *Running, data string, every time.Duration, out string) ([]sample, error) {
	t := time.NewTicker(every)
	defer t.Stop()
	start := time.Now()
	var all []sample
	for {
		s := c.sample(broker, data)
		s.minutes = time.Since(start).Minutes()
		all = append(all, s)
		fmt.Fprintf(os.Stderr, "%s\n", s.csv())
		if err := writeSamples(out, all); err != nil {
			return all, err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return all, nil
		}
	}
}

func (c *churn) sample(broker *Running, data string) sample {
	const mib = 1 << 20
	metrics := readMetrics("http://" + broker.Addrs["admin"] + "/metrics")
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", broker.PID)) // none if it has ended
	s := sample{
		resident: float64(residentBytes(broker.PID)) / mib, heap: metrics["go_memstats_heap_alloc_bytes"] / mib,
		goroutines: metrics["go_goroutines"], files: float64(len(files)), disk: float64(treeBytes(data)) / mib, failures: c.failures.Load(),
	}
	for i := range s.steps {
		s.steps[i] = c.done[i].Load()
	}
	return s
}

func readMetrics(url string) map[string]float64 {
	m := map[string]float64{}
	answer, err := http.Get(url)
	if err != nil {
		return m
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if k, v, ok := strings.Cut(lines.Text(), " "); ok {
			if n, err := strconv.ParseFloat(v, 64); err == nil {
				m[k] = n
			}
		}
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return m
}

// treeBytes is what the files of a directory take.
func treeBytes(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil { // else it was removed meanwhile
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}

const csvHead = "minutes,resident_mib,heap_mib,goroutines,files,disk_mib,connections,sessions,subscriptions,queues,messages,failures"

func (s sample) csv() string {
	text := fmt.Sprintf("%.1f,%.1f,%.1f,%.0f,%.0f,%.1f", s.minutes, s.resident, s.heap, s.goroutines, s.files, s.disk)
	for i, n := range s.steps {
		if i == len(s.steps)-1 {
			n *= 3 // messages of a step
		}
		text += fmt.Sprintf(",%d", n)
	}
	return fmt.Sprintf("%s,%d", text, s.failures)
}

func writeSamples(dir string, all []sample) error {
	if dir == "" {
		return nil
	}
	var csv strings.Builder
	fmt.Fprintln(&csv, csvHead)
	for _, s := range all {
		fmt.Fprintln(&csv, s.csv())
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "churn.csv"), []byte(csv.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "churn.svg"), []byte(plot(all)), 0o644)
}

// plot draws each figure in a band of its own, from zero.
func plot(all []sample) string {
	bands := []struct {
		name string
		of   func(sample) float64
	}{
		{"resident MiB", func(s sample) float64 { return s.resident }},
		{"heap MiB", func(s sample) float64 { return s.heap }},
		{"goroutines", func(s sample) float64 { return s.goroutines }},
		{"file handles", func(s sample) float64 { return s.files }},
		{"disk MiB", func(s sample) float64 { return s.disk }},
	}
	const width, height, left, gap = 720.0, 90.0, 130.0, 30.0
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" font-family="sans-serif" font-size="12">`+"\n", left+width+20, float64(len(bands))*(height+gap)+gap)
	fmt.Fprintln(&b, `<rect width="100%" height="100%" fill="white"/>`)
	end := max(all[len(all)-1].minutes, 1e-9)
	for i, band := range bands {
		foot, most := float64(i+1)*(height+gap), 1.0
		for _, s := range all {
			most = max(most, band.of(s))
		}
		fmt.Fprintf(&b, `<text x="5" y="%.0f">%s</text><text x="%.0f" y="%.0f" text-anchor="end">%.0f</text><text x="%.0f" y="%.0f" text-anchor="end">0</text>`+"\n",
			foot-height/2, band.name, left-5, foot-height+10, most, left-5, foot)
		fmt.Fprintf(&b, `<path d="M%.0f %.0fV%.0fH%.0f" fill="none" stroke="#999"/>`+"\n", left, foot-height, foot, left+width)
		fmt.Fprint(&b, `<polyline fill="none" stroke="#06c" points="`)
		for _, s := range all {
			fmt.Fprintf(&b, "%.1f,%.1f ", left+width*s.minutes/end, foot-height*band.of(s)/most)
		}
		fmt.Fprintln(&b, `"/>`)
	}
	fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="end">%.0f minutes</text>`+"\n</svg>\n", left+width, float64(len(bands))*(height+gap)+18, end)
	return b.String()
}
