package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags of every command.
type options struct {
	tools   tools
	out     string
	dir     string
	only    string
	peers   string
	brokers texts
	rounds  int
	times   times
	rate    int
	extras  bool
	list    bool
	install bool
	long    time.Duration
	scale   int
}

// texts is a flag that may be given several times.
type texts []string

func (t *texts) String() string     { return strings.Join(*t, " ") }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

func (o *options) flags(f *flag.FlagSet) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	f.StringVar(&o.tools.dir, "tools", filepath.Join(cache, "slipway-bench"), "where peers from pip and Maven are")
	f.StringVar(&o.tools.slipway, "slipway", "", "binary to measure; empty: built from this tree, static")
	f.StringVar(&o.out, "out", "", "write bench.md and bench.json into this directory too")
	f.StringVar(&o.dir, "dir", "", "where peers keep their data (the disk to measure); empty: the system's temporary directory")
	f.StringVar(&o.only, "only", "", "only scenarios whose name begins with one of these (comma)")
	f.StringVar(&o.peers, "peers", "", "only peers whose name begins with one of these (comma)")
	f.Var(&o.brokers, "broker", "measure also `name=mqtt://host:port,sqs://host:port,pid:N`; may be given again")
	f.IntVar(&o.rounds, "rounds", 3, "interleaved runs of each; an odd number")
	f.DurationVar(&o.times.window, "time", 3*time.Second, "counted time of a run")
	f.DurationVar(&o.times.warm, "warm", 500*time.Millisecond, "time of a run before it counts")
	f.DurationVar(&o.times.patience, "patience", 2*time.Second, "how long nothing may come before the rest counts as missing")
	f.IntVar(&o.rate, "rate", 0, "messages a second of open loops that go by half of what Slipway reached")
	f.BoolVar(&o.extras, "extras", true, "also the store layer, the filters and the burst")
	f.BoolVar(&o.list, "list", false, "name the scenarios and end")
	f.BoolVar(&o.install, "install", false, "fetch peers with pip and Maven into -tools and end")
	f.DurationVar(&o.long, "for", time.Hour, "churn: how long; size: how long the retention runs")
	f.IntVar(&o.scale, "scale", 100, "size: per cent of the numbers that the issue names")
}

// commands by name; "" is the comparison.
var commands = map[string]func(*options) error{
	"": compare,
}

func main() {
	name, args := "", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	do := command
	if name == "floor" { // a peer's process
		do = func(_ string, args []string) error { return serveFloor(args) }
	}
	if err := do(name, args); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(name string, args []string) error {
	do := commands[name]
	if do == nil {
		return fmt.Errorf("no command %q", name)
	}
	var o options
	f := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	o.flags(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected %q", f.Args())
	}
	switch {
	case o.list:
		for _, s := range scenarios {
			fmt.Println(s.Name)
		}
		return nil
	case o.install:
		return install(&o.tools)
	}
	return inTemporary(&o, do)
}

// inTemporary gives a command a directory and a binary, and takes the directory
// away, on an interrupt too, with all that was started (Erlang's and Java's
// children do not go with their parent).
func inTemporary(o *options, do func(*options) error) error {
	dir, err := os.MkdirTemp(o.dir, "slipway-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // nothing is left to be done about it
	o.dir = dir
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		for _, d := range family(os.Getpid()) {
			if d.pid != os.Getpid() {
				_ = syscall.Kill(d.pid, syscall.SIGKILL) // gone is what it should be
			}
		}
		os.RemoveAll(dir) //nolint:errcheck // nothing is left to be done about it
		os.Exit(130)
	}()
	if o.tools.slipway == "" {
		if o.tools.slipway, err = build(dir); err != nil {
			return err
		}
	}
	return do(o)
}

// begins says whether name begins with one of a comma list; an empty one has all.
func begins(list, name string) bool {
	return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(p string) bool { return strings.HasPrefix(name, p) })
}

// startPeers starts what is there and wanted, and says what is missing.
func startPeers(o *options) (all []*Running, missing []string) {
	for _, p := range peers {
		if !begins(o.peers, p.Name) {
			continue
		}
		if why := p.Missing(&o.tools); why != "" {
			missing = append(missing, p.Name+": "+why)
			continue
		}
		dir := filepath.Join(o.dir, p.Name)
		err := os.Mkdir(dir, 0o700)
		var r *Running
		if err == nil {
			r, err = p.Start(&o.tools, dir)
		}
		if err != nil {
			missing = append(missing, fmt.Sprintf("%s: does not start: %.120q", p.Name, err.Error()))
			continue
		}
		r.Name, r.Durable, r.For = p.Name, p.Durable, p.For
		all = append(all, r)
	}
	return all, missing
}
