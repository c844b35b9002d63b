package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core/store/diskstore"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

func main() {
	dir := flag.String("dir", ".", "directory on the disk to measure; a temporary one is made in it")
	only := flag.String("only", "", "only the load of this name, e.g. \"16 producers\"")
	profile := flag.String("cpuprofile", "", "write a CPU profile of everything to this file")
	runs := flag.Int("runs", 3, "interleaved runs of each, an odd number")
	delay := flag.Duration("delay", 0, "what each sync takes longer, as on another disk")
	asJSON := flag.Bool("json", false, "print a JSON object a line and no table")
	sizes := flag.String("sizes", "256,1024,16384", "bytes of an entry (comma)")
	memtable := flag.Int64("memtable", 0, "bytes of a memtable; 0: what a broker has")
	each := flag.Duration("time", 2*time.Second, "length of a run")
	flag.Parse()
	stop, err := startProfile(*profile)
	if err == nil {
		err = run(*dir, *only, *sizes, bench{*runs | 1, *each, *delay, *memtable, *asJSON})
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "storebench:", err)
		os.Exit(1)
	}
}

func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return pprof.StopCPUProfile, pprof.StartCPUProfile(f)
}

// A bench is how to measure.
type bench struct {
	runs  int
	each  time.Duration
	delay time.Duration
	mem   int64 // a memtable's bytes
	json  bool
}

func run(dir, only, sizes string, bn bench) error {
	loads, err := loadsOf(only, sizes)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, "storebench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if !bn.json {
		fmt.Printf("%-18s %6s %12s %9s %12s %9s %6s\n", "load", "entry", "store 1/s", "group", "raw 1/s", "group", "ratio")
	}
	for _, l := range loads {
		if err := bn.row(tmp, l); err != nil {
			return err
		}
	}
	return nil
}

func loadsOf(only, sizes string) (loads []storetest.Load, err error) {
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("-sizes: %q is no size", size)
		}
		loads = append(loads, storetest.Loads(n)...)
	}
	return slices.DeleteFunc(loads, func(l storetest.Load) bool { return only != "" && only != l.Name }), nil
}

func (bn bench) row(tmp string, l storetest.Load) error {
	var store, raw, ratio, storeGroup, rawGroup []float64
	for range bn.runs {
		s, err := bn.onStore(tmp, l)
		if err != nil {
			return err
		}
		r, err := bn.onRaw(tmp, l)
		if err != nil {
			return err
		}
		store, raw = append(store, s.Rate()), append(raw, r.Rate())
		ratio = append(ratio, s.Rate()/r.Rate())
		storeGroup = append(storeGroup, float64(s.Entries)/float64(s.Groups))
		rawGroup = append(rawGroup, float64(r.Entries)/float64(r.Groups))
	}
	m := storetest.Median
	if bn.json {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"load": l.Name, "entry": l.EntrySize, "store": m(store), "raw": m(raw), "ratio": m(ratio)})
	}
	fmt.Printf("%-18s %6d %12.0f %9.1f %12.0f %9.1f %6.2f\n",
		l.Name, l.EntrySize, m(store), m(storeGroup), m(raw), m(rawGroup), m(ratio))
	return nil
}

// onStore measures a new store, so that no run pays for the one before, after
// a first run that fills its recycled logs, as a broker's are.
func (bn bench) onStore(tmp string, l storetest.Load) (storetest.Result, error) {
	dir, err := os.MkdirTemp(tmp, "store-")
	if err != nil {
		return storetest.Result{}, err
	}
	defer os.RemoveAll(dir)
	s, err := diskstore.Open(dir, diskstore.Options{Logger: slog.New(slog.DiscardHandler), MinFree: 1, Ballast: -1, MemTable: bn.mem, FS: slowed(vfs.Default, bn.delay)})
	if err != nil {
		return storetest.Result{}, err
	}
	defer s.Close()
	if _, err := storetest.MeasureStore(s, l, 1, bn.each/2); err != nil {
		return storetest.Result{}, err
	}
	return storetest.MeasureStore(s, l, 2, bn.each)
}

func (bn bench) onRaw(tmp string, l storetest.Load) (storetest.Result, error) {
	dir, err := os.MkdirTemp(tmp, "raw-")
	if err != nil {
		return storetest.Result{}, err
	}
	defer os.RemoveAll(dir)
	r, err := storetest.OpenRawLog(dir)
	if err != nil {
		return storetest.Result{}, err
	}
	defer r.Close()
	r.Delay = bn.delay
	return storetest.MeasureRaw(r, l, bn.each)
}
