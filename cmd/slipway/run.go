package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// streams are the process's standard ones, or a test's.
type streams struct {
	in  io.Reader
	out io.Writer // results
	err io.Writer // logs, complaints
}

// call is one call of a command.
type call struct {
	streams
	args []string // behind the command's name
	env  []string
}

type command struct {
	name  string
	args  string // as shown in the usage
	what  string
	run   func(context.Context, call) error
	alias string
}

// commands returns the table from which run dispatches; the first is the
// command of a command line without one.
func commands() []command {
	return []command{
		{name: "serve", args: "[flags]", what: "run the broker (also without a command)", run: serveCommand},
		{name: "check-config", args: "[FILE]", what: "say all that is wrong with a configuration", run: checkConfigCommand},
		{name: "check", args: "DIR", what: "verify a data directory that no process uses", run: checkCommand},
		{name: "hash-password", what: "read a password from standard input, print its argon2id hash, or with --scram a verifier", run: hashPasswordCommand},
		{name: "cert", args: "[flags] [HOST...]", what: "make a local CA and a certificate of it, to try TLS out", run: certCommand},
		{name: "healthcheck", args: "[flags]", what: "ask a running broker whether it is well", run: healthcheckCommand},
		{name: "version", what: "print version, revision and Go release", run: versionCommand, alias: "--version"},
		{name: "help", what: "print this", run: helpCommand, alias: "--help"},
	}
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, s streams, env []string) int {
	cmd, rest := pick(args)
	if cmd == nil {
		fmt.Fprintf(s.err, "slipway: there is no command %q; `slipway help` lists them\n", args[0])
		return exitUsage
	}
	err := cmd.run(ctx, call{streams: s, args: rest, env: env})
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	fmt.Fprintf(s.err, "slipway: %v\n", err)
	return exitCode(err)
}

// pick finds the command that args names and the arguments it is called with.
func pick(args []string) (*command, []string) {
	table := commands()
	if len(args) == 0 {
		return &table[0], nil
	}
	for i, c := range table {
		if args[0] == c.name || c.alias != "" && (args[0] == c.alias || args[0] == c.alias[1:]) {
			return &table[i], args[1:]
		}
	}
	if args[0] == "-h" {
		return &table[len(table)-1], nil
	}
	if strings.HasPrefix(args[0], "-") {
		return &table[0], args
	}
	return nil, nil
}

func helpCommand(_ context.Context, c call) error {
	fmt.Fprintln(c.out, "usage: slipway [COMMAND] [arguments]")
	fmt.Fprintln(c.out)
	for _, cmd := range commands() {
		fmt.Fprintf(c.out, "  %-24s %s\n", cmd.name+" "+cmd.args, cmd.what)
	}
	fmt.Fprintln(c.out)
	fmt.Fprintln(c.out, "`slipway COMMAND --help` shows a command's flags.")
	return nil
}

// flags makes the flag set of a command; parse ends it.
func (c call) flags(name, args string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run says it
	fs.Usage = func() {
		fmt.Fprintf(c.out, "usage: slipway %s %s\n", name, args)
		fs.SetOutput(c.out)
		fs.PrintDefaults()
		fs.SetOutput(io.Discard)
	}
	return fs
}

// parse reads the arguments and returns the operands, of which there may be
// most.
func (c call) parse(fs *flag.FlagSet, most int) ([]string, error) {
	usage := fs.Usage
	fs.Usage = func() {} // the flag package calls it for mistakes too
	switch err := fs.Parse(c.args); {
	case errors.Is(err, flag.ErrHelp):
		usage()
		return nil, err
	case err != nil:
		return nil, usageError(err)
	case fs.NArg() > most:
		return nil, usageError(fmt.Errorf("%s: what is %q?", fs.Name(), fs.Arg(most)))
	}
	return fs.Args(), nil
}
