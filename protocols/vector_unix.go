//go:build unix && !linux

package protocols

import "syscall"

// readBoth fills the first: not every system has readv in package unix.
func readBoth(fd int, b *[2][]byte) (int, error) { return syscall.Read(fd, b[0]) }

// writeSome writes of the first: as readBoth.
func writeSome(fd int, list [][]byte) (int, error) { return syscall.Write(fd, list[0]) }
