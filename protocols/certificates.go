package protocols

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// KeyPair is the PEM files of a certificate, followed by its issuers, and of
// its key.
type KeyPair struct{ Certificate, Key string }

// TLSFiles is what TLS listeners show and ask for.
type TLSFiles struct {
	Pairs      []KeyPair          // the first for clients that ask for no name or an unknown one
	ClientCA   string             // PEM file; "": nobody vouches for clients
	ClientAuth tls.ClientAuthType // what is asked of clients
	MinVersion uint16             // tls.VersionTLS12 at least
}

// Certificates are the contents of TLSFiles, which may change while they are
// used. Handshakes take what is current; connections keep what they have. Any
// goroutine may use it.
type Certificates struct {
	files   TLSFiles // immutable
	current atomic.Pointer[tls.Config]

	mu   sync.Mutex
	seen [sha256.Size]byte // of the files when they were last looked at; guarded by mu
}

// LoadCertificates reads the files.
func LoadCertificates(files TLSFiles) (*Certificates, error) {
	c := &Certificates{files: files}
	if _, err := c.Reload(true); err != nil {
		return nil, err
	}
	return c, nil
}

// Config is for any number of listeners.
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{
		MinVersion: c.files.MinVersion,
		NextProtos: []string{"http/1.1"}, // as current: Go looks here for the tickets' sake
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return c.current.Load(), nil
		},
	}
}

// Reload takes up what the files hold now, and reports whether that is new. With
// an error all stays as it was. Files in which nothing changed since they were
// looked at the last time, and were found wrong, are an error again only with force.
func (c *Certificates) Reload(force bool) (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	texts, err := c.read()
	sum := sumOf(texts, err)
	same := sum == c.seen
	c.seen = sum
	if same && !force {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	cfg, err := c.files.parse(texts)
	if err != nil {
		return false, err
	}
	c.current.Store(cfg)
	return !same, nil
}

// Expires is when the first of the certificates does.
func (c *Certificates) Expires() time.Time {
	var first time.Time
	for _, cert := range c.current.Load().Certificates {
		if first.IsZero() || cert.Leaf.NotAfter.Before(first) {
			first = cert.Leaf.NotAfter
		}
	}
	return first
}

// maxPEM bounds a file: a bundle of all public CAs has 200 KiB.
const maxPEM = 4 << 20

// read returns the files' texts: certificate and key of each pair, then the CAs.
func (c *Certificates) read() ([][]byte, error) {
	var texts [][]byte
	for _, p := range c.files.Pairs {
		for _, name := range []string{p.Certificate, p.Key} {
			text, err := readPEM(name)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
	}
	if c.files.ClientCA == "" {
		return texts, nil
	}
	text, err := readPEM(c.files.ClientCA)
	return append(texts, text), err
}

func readPEM(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return io.ReadAll(io.LimitReader(f, maxPEM))
}

func sumOf(texts [][]byte, err error) [sha256.Size]byte {
	if err != nil {
		return sha256.Sum256([]byte(err.Error()))
	}
	return sha256.Sum256(bytes.Join(texts, []byte{0}))
}

func (f TLSFiles) parse(texts [][]byte) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: f.MinVersion, NextProtos: []string{"http/1.1"}, ClientAuth: f.ClientAuth}
	for i, p := range f.Pairs {
		cert, err := tls.X509KeyPair(texts[2*i], texts[2*i+1])
		if err != nil {
			return nil, fmt.Errorf("%s with %s: %w", p.Certificate, p.Key, err)
		}
		if key, ok := cert.PrivateKey.(crypto.Signer); ok {
			cert.PrivateKey = signer{key}
		}
		cfg.Certificates = append(cfg.Certificates, cert)
	}
	if len(cfg.Certificates) == 0 {
		return nil, errors.New("there is no certificate")
	}
	if f.ClientCA == "" {
		return cfg, nil
	}
	cfg.ClientCAs = x509.NewCertPool()
	if !cfg.ClientCAs.AppendCertsFromPEM(texts[len(texts)-1]) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", f.ClientCA)
	}
	return cfg, nil
}

// signing bounds how many handshakes compute at once. Signing with the server's
// key is what costs, and nobody is authenticated yet: a storm of handshakes
// takes half of the machine, and those who are in keep the other. What a
// handshake waits for on the network holds no place.
var signing = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

type signer struct{ crypto.Signer }

func (s signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signing <- struct{}{}
	defer func() { <-signing }()
	return s.Signer.Sign(rand, digest, opts)
}

// Identities are the rules by which a client's certificate names a user; "" if
// it has no such name.
var Identities = map[string]func(*x509.Certificate) string{
	"cn":    func(c *x509.Certificate) string { return c.Subject.CommonName },
	"dns":   func(c *x509.Certificate) string { return first(c.DNSNames) },
	"email": func(c *x509.Certificate) string { return first(c.EmailAddresses) },
	"uri": func(c *x509.Certificate) string {
		if len(c.URIs) == 0 {
			return ""
		}
		return c.URIs[0].String()
	},
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
