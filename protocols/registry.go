package protocols

import (
	"cmp"
	"slices"
	"time"
)

// Info describes one connection for lists and logs.
type Info struct {
	ID        uint64
	Protocol  string
	Transport string // tcp, tls, ws, wss
	Remote    string
	Local     string // the address it came to
	Since     time.Time
	Client    string // client id, container id ...; empty before authentication
	User      string
	Namespace string // that it is in; with Client
	BytesIn   uint64
	BytesOut  uint64
	Queued    int // bytes in its output
}

// Conns lists the connections by id.
func (s *Server) Conns() []Info {
	conns := s.snapshot()
	out := make([]Info, len(conns))
	for i, c := range conns {
		out[i] = c.Info()
	}
	return out
}

// CloseConn asks one connection to stop, with a reason for its goodbye, and
// cuts it after Config.StopGrace. It is false if there is no such connection.
func (s *Server) CloseConn(id uint64, reason error) bool {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	if c == nil {
		return false
	}
	c.Stop(reason)
	return true
}

// CloseAll asks every connection to stop and returns how many there were.
func (s *Server) CloseAll(reason error) int {
	conns := s.snapshot()
	for _, c := range conns {
		c.Stop(reason)
	}
	return len(conns)
}

// CloseUsers asks the connections of these users to stop and returns how many
// there were. Those still in their handshake may be about to become one of
// these users, by what is not true any more: they are asked too.
func (s *Server) CloseUsers(names []string, reason error) (n int) {
	for _, c := range s.snapshot() {
		c.mu.Lock()
		established, user := c.established, c.user
		c.mu.Unlock()
		if !established || slices.Contains(names, user) {
			c.Stop(reason)
			n++
		}
	}
	return n
}

func (s *Server) snapshot() []*Conn {
	s.mu.Lock()
	out := make([]*Conn, 0, len(s.conns))
	for _, c := range s.conns {
		out = append(out, c)
	}
	s.mu.Unlock()
	slices.SortFunc(out, func(a, b *Conn) int { return cmp.Compare(a.id, b.id) })
	return out
}
