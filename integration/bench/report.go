package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A report gathers runs and makes the table of them.
type report struct {
	running []*Running
	results []Result
	facts   []string // about the machine and the run
	extra   []section
	raw     []storeRow
}

// A section is a table beside the comparison.
type section struct {
	Title string     `json:"title"`
	Head  []string   `json:"head"`
	Rows  [][]string `json:"rows"`
	Note  string     `json:"note,omitempty"`
}

func newReport(o *options, running []*Running, missing []string) *report {
	rep := &report{running: running}
	rep.facts = append(rep.facts,
		fmt.Sprintf("%s, %d CPUs, %s/%s, load average %.1f at the start", time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, loadAverage()),
		fmt.Sprintf("medians of %d interleaved runs of %v", o.rounds, o.times.window))
	for _, r := range running {
		if r.Durable != "" {
			rep.facts = append(rep.facts, fmt.Sprintf("%s: %s", r.Name, r.Durable))
		}
	}
	for _, m := range missing {
		rep.facts = append(rep.facts, "missing: "+m)
	}
	return rep
}

func (rep *report) write(dir string) error {
	fmt.Print(rep.markdown())
	return rep.save(dir)
}

// save keeps what there is so far: a comparison takes half an hour.
func (rep *report) save(dir string) error {
	if dir == "" {
		return nil
	}
	md := rep.markdown()
	js, err := json.MarshalIndent(map[string]any{"facts": rep.facts, "results": rep.results, "sections": rep.extra}, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.md"), []byte(md), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bench.json"), append(js, '\n'), 0o644)
}

func (rep *report) markdown() string {
	var b strings.Builder
	for _, f := range rep.facts {
		fmt.Fprintf(&b, "- %s\n", f)
	}
	if len(rep.results) > 0 {
		rep.comparison(&b)
	}
	if allowed := rep.allowed(); len(allowed.Rows) > 0 {
		allowed.markdown(&b)
	}
	for _, s := range rep.extra {
		s.markdown(&b)
	}
	return b.String()
}

func (s section) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n", s.Title)
	table(b, s.Head, s.Rows)
	if s.Note != "" {
		fmt.Fprintf(b, "\n%s\n", s.Note)
	}
}

func table(b *strings.Builder, head []string, rows [][]string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(r, " | "))
	}
}

// comparison has a row for each scenario and peer. Ratios are Slipway's figure
// through the peer's: of rates more is better, of CPU and p99 less.
func (rep *report) comparison(b *strings.Builder) {
	fmt.Fprint(b, "\n## Beside others\n\n")
	head := []string{"scenario", "broker", "messages/s", "ratio", "broker CPU us", "ratio", "clients CPU us", "p50", "p99", "ratio", "missing", "load", "target"}
	var rows [][]string
	for _, s := range scenarios {
		for _, r := range rep.running {
			if row := rep.row(s, r.Name); row != nil {
				rows = append(rows, row)
			}
		}
	}
	table(b, head, rows)
	fmt.Fprint(b, "\nRatios are Slipway's figure through the other's. Missing: copies that never came, of those due, in the median run. CPU is a message's.\n")
}

func (rep *report) row(s *Scenario, peer string) []string {
	failed, runs := "", 0
	for _, r := range rep.results {
		if r.Scenario == s.Name && r.Peer == peer {
			if runs++; r.Error != "" {
				failed = r.Error
			}
		}
	}
	rate := rep.median(s.Name, peer, Result.rate)
	switch {
	case runs == 0:
		return nil
	case rate == 0:
		return []string{s.Name, peer, "-", "", "", "", "", "", "", "", "", "", strings.ReplaceAll(fmt.Sprintf("failed: %.80s", failed), "|", "/")}
	}
	us := func(v float64) string {
		if v == 0 {
			return "-"
		}
		return time.Duration(v).Round(time.Microsecond).String()
	}
	p99 := func(r Result) float64 { return float64(r.P99) }
	missing := func(r Result) float64 { return 100 * float64(r.Missing) / float64(max(r.Messages+r.Missing, 1)) }
	ratio := func(of func(Result) float64) string {
		if peer == "slipway" {
			return ""
		}
		ours, theirs := rep.median(s.Name, "slipway", of), rep.median(s.Name, peer, of)
		if ours == 0 || theirs == 0 {
			return "-"
		}
		return fmt.Sprintf("%.2f", ours/theirs)
	}
	return []string{
		s.Name, peer, fmt.Sprintf("%.0f", rate), ratio(Result.rate),
		fmt.Sprintf("%.2f", rep.median(s.Name, peer, Result.brokerCPU)), ratio(Result.brokerCPU),
		fmt.Sprintf("%.2f", rep.median(s.Name, peer, Result.clientCPU)),
		us(rep.median(s.Name, peer, func(r Result) float64 { return float64(r.P50) })), us(rep.median(s.Name, peer, p99)), ratio(p99),
		fmt.Sprintf("%.2f%%", rep.median(s.Name, peer, missing)),
		fmt.Sprintf("%.1f", rep.median(s.Name, peer, func(r Result) float64 { return r.Load })),
		rep.verdict(s, peer),
	}
}

// verdict says whether a target against a peer is reached, or beyond the floor:
// where the least of a broker misses it too.
func (rep *report) verdict(s *Scenario, peer string) string {
	for _, t := range s.Targets {
		if !strings.HasPrefix(peer, t.Peer) || peer == "slipway" {
			continue
		}
		words := []string{}
		add := func(of func(Result) float64, reached func(float64) bool, format string, v float64) {
			if theirs := rep.median(s.Name, peer, of); v > 0 && theirs > 0 {
				words = append(words, judged(rep.median(s.Name, "slipway", of)/theirs, rep.median(s.Name, noBroker, of)/theirs, reached, format, v))
			}
		}
		add(Result.rate, func(ratio float64) bool { return ratio >= t.Rate }, ">= %gx", t.Rate)
		add(Result.brokerCPU, func(ratio float64) bool { return ratio <= t.CPU }, "CPU <= %g", t.CPU)
		return strings.Join(words, ", ")
	}
	return ""
}

// judged is a verdict on ratios of ours and, unless it is 0, of the floor.
func judged(ours, floor float64, reached func(float64) bool, format string, v float64) string {
	text := fmt.Sprintf(format, v)
	switch {
	case reached(ours):
		return text + " yes"
	case floor > 0 && !reached(floor):
		return text + fmt.Sprintf(" beyond the floor (%.2f)", floor)
	}
	return text + " NO"
}

func reached(ok bool, format string, v float64) string {
	return judged(0, 0, func(float64) bool { return ok }, format, v)
}
