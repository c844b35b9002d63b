//go:build !unix

package protocols

import "syscall"

// Without readiness every connection reads into a small buffer of its own and
// writes from a goroutine.
const canWaitReady = false

func newReadyReader(syscall.RawConn) reader { return nil }

func tryWrite(uintptr, [][]byte) (n int, blocked bool, err error) { return 0, true, nil }
