package notice

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // signature version 1 is SHA-1, and AWS's default
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// Identity is a key and the certificate that goes with it, in PEM.
type Identity struct {
	Certificate, Key []byte
}

// NewIdentity makes a key of 2,048 bits, as AWS's are, and a certificate of ten
// years that it signs itself. It takes a good part of a second.
func NewIdentity(random io.Reader, now time.Time) (Identity, error) {
	key, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		return Identity{}, err
	}
	serial, err := rand.Int(random, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Identity{}, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "slipway notifications"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, DNSNames: []string{"sns.slipway.invalid"},
	}
	cert, err := x509.CreateCertificate(random, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return Identity{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}, nil
}

// A Signer signs notifications. The identity is asked for when the first one is to
// be signed: most brokers never need one.
type Signer struct {
	identity func() (Identity, error) // immutable
	once     sync.Once
	err      error           // set by once, as all below
	key      *rsa.PrivateKey //
	pem      []byte          //
	path     string          //

	mu    sync.Mutex
	cache map[string]string // signatures by version and text; guarded by mu
}

// NewSigner makes a signer of what identity gives.
func NewSigner(identity func() (Identity, error)) *Signer {
	return &Signer{identity: identity, cache: map[string]string{}}
}

// load asks for the identity, once.
func (s *Signer) load() error {
	s.once.Do(func() {
		var id Identity
		if id, s.err = s.identity(); s.err == nil {
			s.err = s.take(id)
		}
		if s.err != nil {
			s.err = fmt.Errorf("the identity that signs notifications: %w", s.err)
		}
	})
	return s.err
}

func (s *Signer) take(id Identity) error {
	cert, _ := pem.Decode(id.Certificate)
	key, _ := pem.Decode(id.Key)
	if cert == nil || key == nil {
		return errors.New("no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PrivateKey(key.Bytes); err != nil {
			return errors.New("the key is not an RSA key in PKCS #8 or PKCS #1")
		}
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return errors.New("the key is not an RSA key")
	}
	public, err := x509.ParseCertificate(cert.Bytes)
	if err != nil {
		return err
	}
	if !private.PublicKey.Equal(public.PublicKey) {
		return errors.New("the certificate is another key's")
	}
	sum := sha256.Sum256(cert.Bytes)
	s.key, s.pem, s.path = private, id.Certificate, certPrefix+hex.EncodeToString(sum[:16])+".pem"
	return nil
}

// Check asks for the identity, and says what is wrong with it.
func (s *Signer) Check() error { return s.load() }

const certPrefix = "/SimpleNotificationService-"

// CertURL is where the certificate is, below a base such as http://localhost:4566.
func (s *Signer) CertURL(base string) (string, error) {
	if err := s.load(); err != nil {
		return "", err
	}
	return base + s.path, nil
}

// ServeCertificate answers a GET for the certificate; false if it is for something
// else. A nil Signer has none.
func (s *Signer) ServeCertificate(w http.ResponseWriter, r *http.Request) bool {
	if s == nil || r.Method != http.MethodGet && r.Method != http.MethodHead || len(r.URL.Path) < len(certPrefix) || r.URL.Path[:len(certPrefix)] != certPrefix {
		return false
	}
	if s.load() != nil || r.URL.Path != s.path {
		http.NotFound(w, r)
		return true
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(s.pem) // the client is gone: there is nobody to tell
	return true
}

// cached is how many signatures are kept: a topic's subscribers all get the same,
// and so does who receives a message again.
const cached = 1024

// Sign signs a text; version is "2" or, as else, 1.
func (s *Signer) Sign(version, text string) (string, error) {
	if err := s.load(); err != nil {
		return "", err
	}
	name := version + text
	s.mu.Lock()
	signature := s.cache[name]
	s.mu.Unlock()
	if signature != "" {
		return signature, nil
	}
	hash, sum := crypto.SHA1, sha1.Sum([]byte(text)) //nolint:gosec // see above
	digest := sum[:]
	if version == "2" {
		better := sha256.Sum256([]byte(text))
		hash, digest = crypto.SHA256, better[:]
	}
	raw, err := rsa.SignPKCS1v15(nil, s.key, hash, digest)
	if err != nil {
		return "", err
	}
	signature = base64.StdEncoding.EncodeToString(raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cache) >= cached {
		clear(s.cache)
	}
	if len(text) <= maxCachedText {
		s.cache[name] = signature
	}
	return signature, nil
}

// maxCachedText bounds what the cache holds.
const maxCachedText = 4096
