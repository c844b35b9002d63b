package amqp

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and the broker, and can cut the connection as a
// network does.
type proxy struct {
	ln net.Listener

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
	done  sync.WaitGroup
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln}
	p.done.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, server)
			p.mu.Unlock()
			p.done.Go(func() { pipe(client, server) })
			p.done.Go(func() { pipe(server, client) })
		}
	})
	return p
}

func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
}

func (p *proxy) port() int { return p.ln.Addr().(*net.TCPAddr).Port }

// cut ends the connections there are.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

func (p *proxy) close() {
	p.ln.Close()
	p.cut()
	p.done.Wait()
}
