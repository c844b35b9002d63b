package main

import "net"

// A stream is what comes over a connection: packets are found in it without
// copying them.
type stream struct {
	c    net.Conn
	buf  []byte
	r, w int
}

func newStream(c net.Conn, size int) stream { return stream{c: c, buf: make([]byte, size)} }

// have is what has come and was not taken, valid until more is called.
func (s *stream) have() []byte { return s.buf[s.r:s.w] }

func (s *stream) take(n int) { s.r += n }

// more reads what comes next, with room for a packet of so many bytes. Before
// it has to wait for the network it calls idle.
func (s *stream) more(packet int, idle func() error) error {
	if err := idle(); err != nil {
		return err
	}
	have := s.have()
	if packet > len(s.buf) {
		s.buf = append(make([]byte, 0, 2*packet), have...)[:2*packet]
	} else if s.r > 0 {
		copy(s.buf, have)
	}
	s.r, s.w = 0, len(have)
	n, err := s.c.Read(s.buf[s.w:])
	s.w += n
	if n > 0 {
		return nil
	}
	return err
}

func notIdle() error { return nil }
