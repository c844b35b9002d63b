// Package daemon runs the built binary for the suites: it compiles it once per
// test package, starts it on free ports in a directory of the test's own, waits
// until it says that it is ready, and ends it by its process id. Nothing here
// waits for a guessed time: it waits for lines, states and the process's end.
//
//	Main               in each suite's TestMain: build, run, remove, look for leaks
//	Start              a broker that is ready; Options choose directory, file, flags
//	Run                one that is expected to end by itself
//	Broker.Stop        SIGTERM, and wants exit code 0
//	Broker.Kill        SIGKILL
//	Eventually         polls a condition up to a deadline
//	Need               skips a test whose program is not installed, or fails it in CI
package daemon
