package protocols

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority issues certificates into a folder.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert = &x509.Certificate{Subject: pkix.Name{CommonName: "a CA"}, IsCA: true, BasicConstraintsValid: true}
	a.key = a.issue(t, "ca", a.cert)
	return a
}

// issue writes name.pem and name.key.
func (a *authority) issue(t testing.TB, name string, cert *x509.Certificate) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	cert.SerialNumber, cert.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if cert == a.cert {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	a.write(t, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	return key
}

func (a *authority) write(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) pair(name string) KeyPair {
	return KeyPair{filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")}
}

func (a *authority) server(t testing.TB, name string) KeyPair {
	a.issue(t, name, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}})
	return a.pair(name)
}

// pool is what a client trusts.
func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func load(t testing.TB, f TLSFiles) *Certificates {
	t.Helper()
	c, err := LoadCertificates(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open opens a door on a free port.
func open(t testing.TB, cfg Config, d Door) (*Server, string) {
	t.Helper()
	cfg.Log = quiet()
	s := NewServer(cfg)
	ln, err := Listen("test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.Listener, d.Protocol = ln, "test"
	if err := s.Open(d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Shutdown(ctx) // those who are still there are cut
	})
	return s, ln.Addr().String()
}

func dialTLS(t testing.TB, addr string, cfg *tls.Config) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestCertificatesByName(t *testing.T) {
	a := newAuthority(t)
	c := load(t, TLSFiles{Pairs: []KeyPair{a.server(t, "one.test"), a.server(t, "two.test")}, MinVersion: tls.VersionTLS12})
	_, addr := open(t, Config{}, Door{Handler: echo(nil), Transport: Transport{TLS: c.Config()}})
	for _, name := range []string{"one.test", "two.test"} {
		dialTLS(t, addr, &tls.Config{RootCAs: a.pool(), ServerName: name})
	}
	if _, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: a.pool(), ServerName: "one.test", MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

// A new certificate is for new connections; one that cannot be used is an error
// once, and leaves all as it was.
func TestReload(t *testing.T) {
	a := newAuthority(t)
	c := load(t, TLSFiles{Pairs: []KeyPair{a.server(t, "broker")}, MinVersion: tls.VersionTLS12})
	_, addr := open(t, Config{}, Door{Handler: echo(nil), Transport: Transport{TLS: c.Config()}})
	serial := func() *big.Int {
		t.Helper()
		return dialTLS(t, addr, &tls.Config{RootCAs: a.pool(), ServerName: "broker"}).ConnectionState().PeerCertificates[0].SerialNumber
	}
	old := dialTLS(t, addr, &tls.Config{RootCAs: a.pool(), ServerName: "broker"})
	first := serial()
	if changed, err := c.Reload(false); changed || err != nil {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}
	a.write(t, "broker.pem", []byte("not PEM"))
	if _, err := c.Reload(false); err == nil || !strings.Contains(err.Error(), "broker.pem") {
		t.Errorf("a broken file: %v", err)
	}
	if _, err := c.Reload(false); err != nil {
		t.Errorf("said twice: %v", err)
	}
	if _, err := c.Reload(true); err == nil {
		t.Error("not said when asked")
	}
	if serial().Cmp(first) != 0 {
		t.Error("the old certificate did not stay")
	}
	a.server(t, "broker")
	if changed, err := c.Reload(false); !changed || err != nil {
		t.Errorf("a new one: %v, %v", changed, err)
	}
	if serial().Cmp(first) == 0 {
		t.Error("the new certificate is not shown")
	}
	write(t, old, "still here")
	expect(t, old, "still here")
}

func TestClientCertificates(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	uri, err := url.Parse("urn:device:7")
	if err != nil {
		t.Fatal(err)
	}
	client := func(a *authority) tls.Certificate {
		a.issue(t, "client", &x509.Certificate{
			Subject: pkix.Name{CommonName: "sensor"}, DNSNames: []string{"sensor.test"}, EmailAddresses: []string{"s@test"}, URIs: []*url.URL{uri},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		p := a.pair("client")
		cert, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	known, unknown := client(a), client(stranger)
	for _, tt := range []struct {
		auth tls.ClientAuthType
		rule string
		cert *tls.Certificate
		want string // "-": refused
	}{
		{tls.NoClientCert, "cn", &known, ""},
		{tls.VerifyClientCertIfGiven, "cn", nil, ""},
		{tls.VerifyClientCertIfGiven, "cn", &known, "sensor"},
		{tls.VerifyClientCertIfGiven, "dns", &known, "sensor.test"},
		{tls.VerifyClientCertIfGiven, "email", &known, "s@test"},
		{tls.VerifyClientCertIfGiven, "uri", &known, "urn:device:7"},
		{tls.VerifyClientCertIfGiven, "cn", &unknown, "-"},
		{tls.RequireAndVerifyClientCert, "cn", &known, "sensor"},
		{tls.RequireAndVerifyClientCert, "cn", nil, "-"},
		{tls.RequireAndVerifyClientCert, "cn", &unknown, "-"},
	} {
		c := load(t, TLSFiles{Pairs: []KeyPair{a.server(t, "broker")}, ClientCA: a.pair("ca").Certificate, ClientAuth: tt.auth, MinVersion: tls.VersionTLS12})
		s, addr := open(t, Config{}, Door{
			Handler:   handlerFunc(func(_ context.Context, c *Conn) { c.Out.Write(Must, []byte("you are "+c.Identity()+".")) }),
			Transport: Transport{TLS: c.Config(), Identity: Identities[tt.rule]},
		})
		cfg := &tls.Config{RootCAs: a.pool(), ServerName: "broker"}
		if tt.cert != nil { // even if the server does not list its CA
			cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return tt.cert, nil }
		}
		nc, err := tls.Dial("tcp", addr, cfg)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := nc.Read(buf) // TLS 1.3 tells of a refusal here
		got := "-"
		if err == nil {
			got = strings.TrimSuffix(strings.TrimPrefix(string(buf[:n]), "you are "), ".")
		}
		if got != tt.want {
			t.Errorf("%v, %s, certificate %v: %q, %v", tt.auth, tt.rule, tt.cert != nil, got, err)
		}
		_ = nc.Close()
		if err := s.Shutdown(t.Context()); err != nil { // and so the server is through with it
			t.Error(err)
		}
		if failed := s.Stats().HandshakesFailed.Load(); (failed == 1) != (tt.want == "-") {
			t.Errorf("%d failed handshakes", failed)
		}
	}
}

// A handshake that hangs holds a place for the handshake timeout, and nobody up.
func TestHandshakesHoldUpNobody(t *testing.T) {
	a := newAuthority(t)
	c := load(t, TLSFiles{Pairs: []KeyPair{a.server(t, "broker")}, MinVersion: tls.VersionTLS12})
	s, addr := open(t, Config{Handshake: 2 * time.Second, MaxConns: 102}, Door{Handler: echo(nil), Transport: Transport{TLS: c.Config()}})
	var silent []net.Conn
	for range 100 {
		silent = append(silent, dial(t, addr))
	}
	ok := dialTLS(t, addr, &tls.Config{RootCAs: a.pool(), ServerName: "broker"})
	write(t, ok, "hello")
	expect(t, ok, "hello")
	for _, nc := range silent {
		expectEnd(t, nc)
	}
	if n := s.Stats().HandshakesFailed.Load(); n != 100 || s.Stats().HandshakeTimeouts.Load() != 100 {
		t.Errorf("%d failed", n)
	}
	write(t, ok, "still here")
	expect(t, ok, "still here")
}

// A storm of handshakes leaves those who are in their answers.
func TestHandshakeStorm(t *testing.T) {
	storm := 1000
	if testing.Short() {
		storm = 100
	}
	a := newAuthority(t)
	c := load(t, TLSFiles{Pairs: []KeyPair{a.server(t, "broker")}, MinVersion: tls.VersionTLS12})
	_, addr := open(t, Config{}, Door{Handler: echo(nil), Transport: Transport{TLS: c.Config()}})
	in := dialTLS(t, addr, &tls.Config{RootCAs: a.pool(), ServerName: "broker"})
	var all sync.WaitGroup
	begun := time.Now()
	for range storm {
		all.Go(func() {
			nc, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: a.pool(), ServerName: "broker"})
			if err != nil {
				t.Error(err)
				return
			}
			_ = nc.Close()
		})
	}
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	rounds, worst := 0, time.Duration(0)
	for done := false; !done; {
		asked := time.Now()
		write(t, in, "ping")
		expect(t, in, "ping")
		rounds, worst = rounds+1, max(worst, time.Since(asked))
		select {
		case <-over:
			done = true
		default:
		}
	}
	t.Logf("%d handshakes in %v; meanwhile %d echoes, the slowest in %v", storm, time.Since(begun), rounds, worst)
}

// What is listened on with net/http does the same.
func TestPrepared(t *testing.T) {
	a := newAuthority(t)
	c := load(t, TLSFiles{Pairs: []KeyPair{a.server(t, "broker")}, MinVersion: tls.VersionTLS12})
	ln, err := Listen("test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	behind := Transport{TLS: c.Config(), Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	p := behind.Prepared(ln, Preparation{Log: quiet(), Protocol: "test", Handshake: time.Minute, Most: 2})
	hangs := dial(t, ln.Addr().String())
	got := make(chan net.Conn)
	go func() {
		nc, err := p.Accept()
		if err != nil {
			t.Error(err)
		}
		got <- nc
	}()
	raw := dial(t, ln.Addr().String())
	write(t, raw, "PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n")
	client := tls.Client(raw, &tls.Config{RootCAs: a.pool(), ServerName: "broker"})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	nc := <-got
	if nc.RemoteAddr().String() != "203.0.113.9:4711" || !nc.(*tls.Conn).ConnectionState().HandshakeComplete {
		t.Errorf("got %v", nc.RemoteAddr())
	}
	_ = nc.Close()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	expectEnd(t, hangs)
	if _, err := p.Accept(); err == nil {
		t.Error("accepts after its end")
	}
}
