package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/pprof"
	"time"

	"github.com/slipwaymq/slipway/core/store/diskstore"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

func main() {
	dir := flag.String("dir", ".", "directory on the disk to measure; a temporary one is made in it")
	only := flag.String("only", "", "only the load of this name, e.g. \"16 producers\"")
	profile := flag.String("cpuprofile", "", "write a CPU profile of everything to this file")
	runs := flag.Int("runs", 3, "interleaved runs of each, an odd number")
	each := flag.Duration("time", 2*time.Second, "length of a run")
	flag.Parse()
	stop, err := startProfile(*profile)
	if err == nil {
		err = run(*dir, *only, *runs|1, *each)
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

func run(dir, only string, runs int, each time.Duration) error {
	tmp, err := os.MkdirTemp(dir, "storebench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	fmt.Printf("%-18s %6s %12s %9s %12s %9s %6s\n", "load", "entry", "store 1/s", "group", "raw 1/s", "group", "ratio")
	for _, size := range []int{256, 1024} {
		for _, l := range storetest.Loads(size) {
			if only != "" && only != l.Name {
				continue
			}
			if err := row(tmp, l, runs, each); err != nil {
				return err
			}
		}
	}
	return nil
}

func row(tmp string, l storetest.Load, runs int, each time.Duration) error {
	var store, raw, ratio, storeGroup, rawGroup []float64
	for range runs {
		s, err := onStore(tmp, l, each)
		if err != nil {
			return err
		}
		r, err := onRaw(tmp, l, each)
		if err != nil {
			return err
		}
		store, raw = append(store, s.Rate()), append(raw, r.Rate())
		ratio = append(ratio, s.Rate()/r.Rate())
		storeGroup = append(storeGroup, float64(s.Entries)/float64(s.Groups))
		rawGroup = append(rawGroup, float64(r.Entries)/float64(r.Groups))
	}
	m := storetest.Median
	fmt.Printf("%-18s %6d %12.0f %9.1f %12.0f %9.1f %6.2f\n",
		l.Name, l.EntrySize, m(store), m(storeGroup), m(raw), m(rawGroup), m(ratio))
	return nil
}

// onStore measures a new store, so that no run pays for the one before, after
// a first run that fills its recycled logs, as a broker's are.
func onStore(tmp string, l storetest.Load, each time.Duration) (storetest.Result, error) {
	dir, err := os.MkdirTemp(tmp, "store-")
	if err != nil {
		return storetest.Result{}, err
	}
	defer os.RemoveAll(dir)
	s, err := diskstore.Open(dir, diskstore.Options{Logger: slog.New(slog.DiscardHandler), MinFree: 1, Ballast: -1})
	if err != nil {
		return storetest.Result{}, err
	}
	defer s.Close()
	if _, err := storetest.MeasureStore(s, l, 1, each/2); err != nil {
		return storetest.Result{}, err
	}
	return storetest.MeasureStore(s, l, 2, each)
}

func onRaw(tmp string, l storetest.Load, each time.Duration) (storetest.Result, error) {
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
	return storetest.MeasureRaw(r, l, each)
}
