package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certCommand makes what is needed to try TLS out: a CA that nobody else knows,
// and certificates of it. Called again it keeps the CA, so that clients which
// trust it go on doing so.
func certCommand(_ context.Context, c call) error {
	fs := c.flags("cert", "[flags] [HOST...]")
	dir := fs.String("dir", "./slipway-certs", "write the files to `DIR`")
	days := fs.Int("days", 365, "certificates are valid for this `MANY` days")
	client := fs.String("client", "", "make a client's certificate of user `NAME` instead of a server's")
	hosts, err := c.parse(fs, 100)
	switch {
	case err != nil:
		return err
	case *client != "" && (len(hosts) > 0 || filepath.Base(*client) != *client || len(*client) > 64):
		return usageError(fmt.Errorf("cert: %q with %q is no client's certificate", *client, hosts))
	case *days < 1 || *days > 36_500:
		return usageError(fmt.Errorf("cert: %d days", *days))
	case len(hosts) == 0:
		hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	ca, err := openAuthority(*dir)
	if err != nil {
		return err
	}
	ca.until = time.Now().AddDate(0, 0, *days)
	name, err := "server", error(nil)
	if *client != "" {
		name = "client-" + *client
		err = ca.issue(name, &x509.Certificate{Subject: pkix.Name{CommonName: *client}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	} else {
		err = ca.issue(name, serverOf(hosts))
	}
	if err != nil {
		return err
	}
	for _, file := range []string{"ca.pem", name + ".pem", name + ".key"} {
		fmt.Fprintln(c.out, filepath.Join(*dir, file))
	}
	return nil
}

func serverOf(hosts []string) *x509.Certificate {
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: hosts[0]}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, h)
		}
	}
	return cert
}

// authority is the CA in a folder: ca.pem and ca.key.
type authority struct {
	dir   string
	cert  *x509.Certificate
	key   any
	until time.Time // of what it issues
}

// openAuthority reads the CA of dir, or makes one that lives ten years.
func openAuthority(dir string) (*authority, error) {
	a := &authority{dir: dir}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"))
	switch {
	case err == nil:
		a.cert, a.key = pair.Leaf, pair.PrivateKey
		return a, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the CA in %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a.cert = &x509.Certificate{
		Subject: pkix.Name{CommonName: "Slipway local CA"}, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	a.until = time.Now().AddDate(10, 0, 0)
	if err := a.issue("ca", a.cert); err != nil {
		return nil, err
	}
	return openAuthority(dir)
}

// issue writes name.pem and name.key; nobody else may read the key. A CA signs
// itself.
func (a *authority) issue(name string, cert *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert.NotBefore, cert.NotAfter = time.Now().Add(-time.Hour), a.until // clocks differ
	cert.KeyUsage = x509.KeyUsageDigitalSignature
	signer := a.key
	if cert.IsCA {
		cert.KeyUsage, signer = x509.KeyUsageCertSign|x509.KeyUsageCRLSign, key
	}
	if cert.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := a.write(name+".key", "PRIVATE KEY", secret, 0o600); err != nil {
		return err
	}
	return a.write(name+".pem", "CERTIFICATE", der, 0o644)
}

// write replaces a file as a whole.
func (a *authority) write(name, kind string, der []byte, mode os.FileMode) error {
	next := filepath.Join(a.dir, name+".new")
	if err := os.WriteFile(next, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(a.dir, name))
}
