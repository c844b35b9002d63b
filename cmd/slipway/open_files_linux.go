package main

import (
	"os"
	"syscall"
)

// openFiles is how many the process has, connections too, and may have; 0: not known.
func openFiles() (used, most int) {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0, 0
	}
	defer dir.Close() //nolint:errcheck // only read
	names, err := dir.Readdirnames(-1)
	var limit syscall.Rlimit
	if err != nil || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0, 0
	}
	return len(names) - 1, int(min(limit.Cur, 1<<31-1)) // but for the folder itself
}
