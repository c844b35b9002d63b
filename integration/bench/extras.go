package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// addExtras appends what is not a client against a peer.
func (rep *report) addExtras(o *options) {
	for _, extra := range []struct {
		name string
		do   func(*options, *report) (section, error)
	}{
		{"store", func(o *options, rep *report) (section, error) { return rep.storeLayer(o, 0) }},
		{"store-2ms", func(o *options, rep *report) (section, error) { return rep.storeLayer(o, 2*time.Millisecond) }},
		{"clients-raw", func(_ *options, rep *report) (section, error) { return rep.againstRaw() }},
		{"filters", manyFilters},
		{"burst", burst},
	} {
		if !begins(o.only, extra.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, extra.name, "...")
		s, err := extra.do(o, rep)
		if err != nil {
			s = section{Title: extra.name, Head: []string{"failed"}, Rows: [][]string{{err.Error()}}}
		}
		rep.extra = append(rep.extra, s)
	}
}

// module is how the child is named: integration imports nothing of ours.
const module = "github.com/slipwaymq/slipway"

// A storeRow is a line that storebench prints.
type storeRow struct {
	Load              string
	Entry             int
	Store, Raw, Ratio float64
}

func (rep *report) storeLayer(o *options, delay time.Duration) (section, error) {
	s := section{Title: "Store layer beside a raw log with one fdatasync a group", Head: []string{"load", "entry", "store/s", "raw/s", "ratio", "target"}}
	targets := map[string]float64{"1 producer": 0.7, "16 producers": 0.75, "128 producers": 0.5, "1,000 outstanding": 0.45}
	if delay > 0 {
		s.Title += fmt.Sprintf(", each %v longer", delay)
		for k := range targets {
			targets[k] = 0.8
		}
	}
	load := loadAverage()
	out, err := exec.Command("go", "run", module+"/core/store/storetest/storebench", "-json", "-dir", o.dir,
		"-runs", fmt.Sprint(o.rounds), "-time", o.times.window.String(), "-delay", delay.String()).Output()
	if err != nil {
		return s, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var r storeRow
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return s, err
		}
		verdict := ""
		if t := targets[r.Load]; t > 0 {
			verdict = reached(r.Ratio >= t, ">= %g", t)
		}
		s.Rows = append(s.Rows, []string{r.Load, fmt.Sprint(r.Entry), fmt.Sprintf("%.0f", r.Store), fmt.Sprintf("%.0f", r.Raw), fmt.Sprintf("%.2f", r.Ratio), verdict})
		if delay == 0 {
			rep.raw = append(rep.raw, r)
		}
	}
	s.Note = fmt.Sprintf("Load average %.1f before, %.1f after.", load, loadAverage())
	return s, nil
}

// againstRaw compares what a single client gets with what the raw log allows.
func (rep *report) againstRaw() (section, error) {
	s := section{Title: "One client beside the raw log", Head: []string{"scenario", "messages/s", "raw log allows", "ratio", "target"}}
	raw := map[string]float64{}
	for _, r := range rep.raw {
		if r.Entry == 256 {
			raw[r.Load] = r.Raw
		}
	}
	add := func(scenario string, allowed float64) {
		if got := rep.median(scenario, "slipway", Result.rate); got > 0 && allowed > 0 {
			s.Rows = append(s.Rows, []string{scenario, fmt.Sprintf("%.0f", got), fmt.Sprintf("%.0f", allowed), fmt.Sprintf("%.2f", got/allowed), reached(got/allowed >= 0.6, ">= %g", 0.6)})
		}
	}
	add("mqtt-q1-w1", raw["1 producer"])
	add("mqtt-q1-w20", raw["20 outstanding"])
	if client := rep.median("sqs-send-1", "nothing", Result.rate); client > 0 && raw["1 producer"] > 0 {
		add("sqs-send-1", 1/(1/client+1/raw["1 producer"]))
	}
	s.Note = "sqs-send-1 may take the time of one sync and of one request to a server that answers at once."
	return s, nil
}

var filterLine = regexp.MustCompile(`filters=(\d+)/paths=(\d+)\S*\s+\d+\s+([\d.]+) ns/op`)

// manyFilters runs core's benchmark of a publish that one filter matches.
func manyFilters(*options, *report) (section, error) {
	s := section{Title: "A publish that one of many filters matches, in the core", Head: []string{"filters", "paths", "ns", "ratio to 100 filters", "target"}}
	load := loadAverage()
	out, err := exec.Command("go", "test", "-run", "xxx", "-bench", "PublishFilters", "-benchtime", "300000x", "-count", "3", module+"/core").CombinedOutput()
	if err != nil {
		return s, fmt.Errorf("%w: %s", err, out)
	}
	ns := map[[2]string][]float64{}
	var order [][2]string
	for _, m := range filterLine.FindAllStringSubmatch(string(out), -1) {
		k := [2]string{m[1], m[2]}
		v, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return s, err
		}
		if ns[k] == nil {
			order = append(order, k)
		}
		ns[k] = append(ns[k], v)
	}
	for _, k := range order {
		few := middle(ns[[2]string{"100", k[1]}])
		row := []string{k[0], k[1], fmt.Sprintf("%.0f", middle(ns[k])), "", ""}
		if k[0] != "100" && few > 0 {
			ratio := middle(ns[k]) / few
			row[3], row[4] = fmt.Sprintf("%.2f", ratio), reached(ratio <= 2, "<= %g", 2)
		}
		s.Rows = append(s.Rows, row)
	}
	s.Note = fmt.Sprintf("Load average %.1f before, %.1f after.", load, loadAverage())
	return s, nil
}
