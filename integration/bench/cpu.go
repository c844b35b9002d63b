package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ownCPU is what this process used: the clients.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tick is the unit of times in /proc: USER_HZ is 100 on every Linux.
const tick = time.Second / 100

// A proc is one line of /proc/PID/stat.
type proc struct {
	pid, parent int
	cpu         time.Duration
}

func readProc(pid int) (proc, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return proc{}, err
	}
	// The second field is a name in brackets, with anything in it.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 15 {
		return proc{}, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(f))
	}
	var n [5]int
	for i, at := range []int{1, 11, 12, 13, 14} { // ppid utime stime cutime cstime
		if n[i], err = strconv.Atoi(f[at]); err != nil {
			return proc{}, err
		}
	}
	return proc{pid, n[0], time.Duration(n[1]+n[2]+n[3]+n[4]) * tick}, nil
}

// family is a process and all that descend from it.
func family(root int) []proc {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is fine
	children := map[int][]proc{}
	var all []proc
	for _, path := range paths {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // digits
		p, err := readProc(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if pid == root {
			all = append(all, p)
		}
		children[p.parent] = append(children[p.parent], p)
	}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i].pid]...)
	}
	return all
}

// familyCPU is 0 for pid 0: a broker of which only the address is known.
func familyCPU(pid int) time.Duration {
	var sum time.Duration
	if pid != 0 {
		for _, p := range family(pid) {
			sum += p.cpu
		}
	}
	return sum
}

// residentBytes of a process alone.
func residentBytes(pid int) int64 { return statusBytes(pid, "VmRSS:") }

// familyResident is of a process and all that descend from it.
func familyResident(root int) (sum int64) {
	for _, p := range family(root) {
		sum += residentBytes(p.pid)
	}
	return sum
}

// peakBytes is the most that was resident.
func peakBytes(pid int) int64 { return statusBytes(pid, "VmHWM:") }

func statusBytes(pid int, field string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == field {
			n, _ := strconv.ParseInt(f[1], 10, 64) // the kernel's digits
			return n << 10
		}
	}
	return 0
}

// loadAverage is the machine's, of the last minute.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	v, _ := strconv.ParseFloat(first, 64) // the kernel's digits
	return v
}
