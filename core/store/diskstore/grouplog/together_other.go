//go:build !linux

package grouplog

// writeTogether writes pieces: not every system takes them with one call.
func (l *Log) writeTogether(s *slot, pieces [][]byte) error { return l.writeEach(s, pieces) }
