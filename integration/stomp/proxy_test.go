package stomp

import (
	"net"
	"sync"
	"testing"
)

// proxy is the way of one connection to the broker.
type proxy struct {
	ln     net.Listener
	mu     sync.Mutex
	conns  []net.Conn // guarded by mu
	silent bool       // guarded by mu; nothing passes any more, and nothing ends
	wait   chan struct{}
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln, wait: make(chan struct{})}
	go p.accept(to)
	t.Cleanup(func() {
		_ = ln.Close()
		close(p.wait)
		p.cut()
	})
	return p
}

func (p *proxy) accept(to string) {
	for {
		here, err := p.ln.Accept()
		if err != nil {
			return
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			_ = here.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, here, there)
		p.mu.Unlock()
		go p.pass(here, there)
		go p.pass(there, here)
	}
}

// pass copies until one side ends, which ends the other.
func (p *proxy) pass(from, to net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		silent := p.silent
		p.mu.Unlock()
		if silent {
			if err != nil {
				<-p.wait // the other side is not to learn of it
				break
			}
			continue
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			break
		}
	}
	_, _ = from.Close(), to.Close()
}

// hush lets nothing through from now on.
func (p *proxy) hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
}

// cut ends the connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
}
