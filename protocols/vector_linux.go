package protocols

import "golang.org/x/sys/unix"

// readBoth fills the first and then the second.
func readBoth(fd int, b *[2][]byte) (int, error) { return unix.Readv(fd, b[:]) }

// writeSome writes what the socket takes of all of them.
func writeSome(fd int, list [][]byte) (int, error) {
	if len(list) == 1 {
		return unix.Write(fd, list[0])
	}
	return unix.Writev(fd, list)
}
