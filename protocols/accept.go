package protocols

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = time.Second
)

// accept takes connections from ln until Shutdown. Every error but the closing
// of the listener may pass (out of descriptors, a client that hung up in the
// queue), so it is tried again, ever slower.
func (s *Server) accept(d Door) {
	ln := d.Listener
	backoff := time.Duration(0)
	for {
		nc, err := ln.Accept()
		if err == nil {
			backoff = 0
			s.admit(nc, &d)
			continue
		}
		if s.stopped() || errors.Is(err, net.ErrClosed) {
			return
		}
		s.stats.AcceptErrors.Add(1)
		if backoff == 0 { // once for each series
			s.cfg.Log.Warn("cannot accept connections, trying again", "protocol", d.Protocol, "listen", ln.Addr(), "error", err)
		}
		backoff = min(max(2*backoff, minBackoff), maxBackoff)
		if !s.pause(backoff) {
			return
		}
	}
}

func (s *Server) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// pause waits for d; false means that the server stops.
func (s *Server) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.stop:
		return false
	}
}

// admit applies the limits that hold before authentication, registers the
// connection and starts its goroutine. A proxy's address has no limit: the
// client's has, once it is known.
func (s *Server) admit(nc net.Conn, d *Door) {
	addr := remoteIP(nc)
	if d.Transport.fromProxy(addr) {
		addr = netip.Addr{}
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	c := newConn(s, nc, d.Protocol, cancel)
	s.mu.Lock()
	if !s.roomFor(addr) {
		s.mu.Unlock()
		cancel(nil)
		_ = nc.Close() // refused: there is nobody to tell
		return
	}
	s.nextID++
	c.id, c.addr = s.nextID, addr
	s.conns[c.id] = c
	if addr.IsValid() {
		s.perAddr[addr]++
	}
	s.mu.Unlock()
	s.stats.Open.Add(1)
	s.stats.Accepted.Add(1)
	// Reads and writes of the handshakes share one deadline; Established lifts it.
	if err := nc.SetDeadline(c.since.Add(s.cfg.Handshake)); err != nil {
		c.Close(err)
	}
	go s.run(ctx, c, d) // ends with the handler; forget signs it off
}

var errTooMany = errors.New("too many connections of this address")

// meet notes where a connection that came through a proxy is from.
func (s *Server) meet(c *Conn, p peer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.mu.Lock()
	c.remote = p.remote
	c.mu.Unlock()
	if c.addr == p.addr {
		return nil
	}
	if s.cfg.MaxPerAddress > 0 && p.addr.IsValid() && s.perAddr[p.addr] >= s.cfg.MaxPerAddress {
		s.stats.RefusedAddress.Add(1)
		s.warn("max_connections_per_address", p.addr)
		return errTooMany
	}
	if c.addr.IsValid() {
		s.leave(c.addr)
	}
	c.addr = p.addr
	if p.addr.IsValid() {
		s.perAddr[p.addr]++
	}
	return nil
}

// leave uncounts a connection; the caller holds s.mu.
func (s *Server) leave(addr netip.Addr) {
	if s.perAddr[addr]--; s.perAddr[addr] == 0 {
		delete(s.perAddr, addr)
	}
}

// roomFor checks and counts; the caller holds s.mu.
func (s *Server) roomFor(addr netip.Addr) bool {
	switch {
	case s.draining:
		return false
	case s.cfg.MaxConns > 0 && len(s.conns) >= s.cfg.MaxConns:
		s.stats.RefusedTotal.Add(1)
		s.warn("max_connections", addr)
		return false
	case s.cfg.MaxPerAddress > 0 && addr.IsValid() && s.perAddr[addr] >= s.cfg.MaxPerAddress:
		s.stats.RefusedAddress.Add(1)
		s.warn("max_connections_per_address", addr)
		return false
	}
	return true
}

// warnEvery is how often the log may say that connections are refused: who
// is refused comes again.
const warnEvery = 10 * time.Second

// warn tells the operator; the caller holds s.mu.
func (s *Server) warn(limit string, addr netip.Addr) {
	if now := time.Now(); s.warned.IsZero() || now.Sub(s.warned) >= warnEvery {
		s.warned = now
		s.cfg.Log.Warn("connections are refused", "limit", limit, "address", addr, "open", len(s.conns),
			"refused_in_all", s.stats.RefusedTotal.Load()+s.stats.RefusedAddress.Load())
	}
}

// forget removes a connection that is over.
func (s *Server) forget(c *Conn) {
	s.mu.Lock()
	delete(s.conns, c.id)
	if c.addr.IsValid() {
		s.leave(c.addr)
	}
	if s.draining && len(s.conns) == 0 {
		close(s.empty)
	}
	s.mu.Unlock()
	s.stats.Open.Add(-1)
}

// remoteIP is the address that MaxPerAddress counts; invalid for what is not IP.
func remoteIP(nc net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(nc.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
