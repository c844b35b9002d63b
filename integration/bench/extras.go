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
	targets := map[string]float64{oneProducer: 0.7, "16 producers": 0.75, "128 producers": 0.5, "1,000 outstanding": 0.45}
	if delay > 0 {
		s.Title += fmt.Sprintf(", each %v longer", delay)
		for k := range targets {
			targets[k] = 0.8
		}
	}
	load := loadAverage()
	sizes := "256,1024,16384"
	if delay > 0 {
		sizes = "256,1024"
	}
	out, err := exec.Command("go", "run", module+"/core/store/storetest/storebench", "-json", "-dir", o.dir, "-sizes", sizes,
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
		if t := targets[r.Load]; t > 0 && r.Entry <= 1024 {
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

// A lone client, the load of the raw log that asks the same of the disk, and the
// share of it that is wanted; 0: none is.
var loneClients = []struct {
	scenario, load string
	entry          int
	target         float64
}{
	{"mqtt-q1-w1", oneProducer, 256, 0.6},
	{"mqtt-q1-w20", "20 outstanding", 256, 0.6},
	{"sqs-send-1", oneProducer, 256, 0.6},
	{"amqp-w1", oneProducer, 256, 0},
	{"amqp-w100", "100 outstanding", 256, 0},
	{"stomp-w1", oneProducer, 256, 0},
	{"stomp-w100", "100 outstanding", 256, 0},
	{"amqp-16k-w1", oneProducer, 16384, 0},
	{"amqp-16k-w100", "100 outstanding", 16384, 0},
	{"stomp-16k-w1", oneProducer, 16384, 0},
	{"stomp-16k-w100", "100 outstanding", 16384, 0},
}

const oneProducer = "1 producer"

// againstRaw compares what a single client gets with what the raw log allows.
func (rep *report) againstRaw() (section, error) {
	s := section{Title: "One client beside the raw log", Head: []string{"scenario", "messages/s", "raw log allows", "ratio", "floor's ratio", "target"}}
	for _, c := range loneClients {
		got, allowed := rep.median(c.scenario, "slipway", Result.rate), rep.rawRate(c.load, c.entry)
		floor := rep.median(c.scenario, noBroker, Result.rate)
		if c.scenario == "sqs-send-1" {
			allowed = inTurn(allowed, rep.median(c.scenario, "nothing", Result.rate))
		}
		if got == 0 || allowed == 0 {
			continue
		}
		verdict := ""
		if c.target > 0 {
			verdict = judged(got/allowed, floor/allowed, func(ratio float64) bool { return ratio >= c.target }, ">= %g", c.target)
		}
		s.Rows = append(s.Rows, []string{c.scenario, fmt.Sprintf("%.0f", got), fmt.Sprintf("%.0f", allowed), fmt.Sprintf("%.2f", got/allowed), share(floor, allowed), verdict})
	}
	s.Note = fmt.Sprintf("The raw log with 1 producer of 256 B, a sync a message: %.0f/s, which no broker that syncs each can pass. "+
		"sqs-send-1 may take the time of one sync and of one request to a server that answers at once.", rep.rawRate(oneProducer, 256))
	return s, nil
}

func (rep *report) rawRate(load string, entry int) float64 {
	for _, r := range rep.raw {
		if r.Load == load && r.Entry == entry {
			return r.Raw
		}
	}
	return 0
}

// inTurn is the rate of what does two things one after the other; 0 if a rate is
// not known.
func inTurn(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return 1 / (1/a + 1/b)
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
