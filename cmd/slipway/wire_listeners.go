package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/protocols"
)

// listener is one open address of a door.
type listener struct {
	net.Listener
	transport protocols.Transport
	anonymous bool // lets in clients without credentials
}

// listeners are the open addresses of all doors, and what they show.
type listeners struct {
	of           map[string][]listener // by door, in the order of the settings
	certificates certificates
}

// certificates are by the settings that they are of.
type certificates map[string]*protocols.Certificates

// listenAll opens every address, or none.
func listenAll(cfg config.Config) (*listeners, error) {
	l := &listeners{of: map[string][]listener{}, certificates: certificates{}}
	for _, d := range cfg.Doors() {
		if err := l.listen(cfg, d); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

func (l *listeners) listen(cfg config.Config, d config.Door) error {
	secure, err := l.tlsOf(d)
	if err != nil {
		return configError(err)
	}
	for i, address := range d.Addresses() {
		ln, err := protocols.Listen(d.Name, address)
		if err != nil {
			return listenError(err)
		}
		open := listener{Listener: ln, anonymous: cfg.Anonymous(d.AllowAnonymous, address)}
		if cfg.ProxyProtocol.At(d.Name) {
			open.transport.Proxies = config.Networks(cfg.ProxyProtocol.From)
		}
		open.transport.LocalOnly = open.anonymous && !d.AllowAnonymous
		if i >= len(d.Listen) {
			open.transport.TLS, open.transport.Identity = secure.Config(), protocols.Identities[d.TLS.ClientName]
		}
		l.of[d.Name] = append(l.of[d.Name], open)
	}
	return nil
}

func (l *listeners) close() error {
	var errs []error
	for _, all := range l.of {
		for _, ln := range all {
			if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// tlsOf reads the certificates of a door; nil if it does not listen with TLS.
// Doors with the same settings share them.
func (l *listeners) tlsOf(d config.Door) (*protocols.Certificates, error) {
	if len(d.TLSListen) == 0 {
		return nil, nil
	}
	key := fmt.Sprint(d.TLS)
	if l.certificates[key] != nil {
		return l.certificates[key], nil
	}
	c, err := protocols.LoadCertificates(tlsFiles(d.TLS))
	if err != nil {
		return nil, fmt.Errorf("tls of %s: %w", d.Name, err)
	}
	l.certificates[key] = c
	return c, nil
}

func tlsFiles(t config.TLS) protocols.TLSFiles {
	f := protocols.TLSFiles{ClientCA: t.ClientCA, MinVersion: tls.VersionTLS12}
	if t.MinVersion == "1.3" {
		f.MinVersion = tls.VersionTLS13
	}
	switch t.ClientAuth {
	case "optional":
		f.ClientAuth = tls.VerifyClientCertIfGiven
	case "required":
		f.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if t.Certificate != "" {
		f.Pairs = append(f.Pairs, protocols.KeyPair{Certificate: t.Certificate, Key: t.Key})
	}
	for _, c := range t.Certificates {
		f.Pairs = append(f.Pairs, protocols.KeyPair(c))
	}
	return f
}

// checkTLS says what is wrong with the files of doors that listen with TLS.
func checkTLS(cfg config.Config) error {
	l := &listeners{certificates: certificates{}}
	var errs []error
	for _, d := range cfg.Doors() {
		_, err := l.tlsOf(d)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// unusedTLS is what is wrong with the files that doors would listen with, and do not:
// who adds tls_listen next would find out only then.
func unusedTLS(cfg config.Config) (notes []string) {
	seen := map[string]bool{}
	for _, d := range cfg.Doors() {
		key := fmt.Sprint(d.TLS)
		if len(d.TLSListen) > 0 || d.TLS.Certificate == "" || seen[key] {
			continue
		}
		seen[key] = true
		if _, err := protocols.LoadCertificates(tlsFiles(d.TLS)); err != nil {
			notes = append(notes, fmt.Sprintf("tls of %s, which nothing listens with there: %v", d.Name, err))
		}
	}
	return notes
}

const (
	lookAgain   = 10 * time.Second    // how often certificates are looked at; contents are compared, however files are replaced
	expiresSoon = 14 * 24 * time.Hour // when it is time to say so
)

func (in *instance) takeUp(c *protocols.Certificates, force bool) {
	changed, err := c.Reload(force)
	switch {
	case err != nil:
		in.log.Error("certificates cannot be used; the ones before them stay", "error", err)
	case changed || force:
		in.log.Info("certificates are taken up", "expires", c.Expires(), "changed", changed)
		in.warnOfExpiry(certificates{"": c})
	}
}

func (in *instance) warnOfExpiry(all certificates) {
	for _, c := range all {
		if left := time.Until(c.Expires()); left < expiresSoon {
			in.log.Warn("a certificate expires soon, or has", "expires", c.Expires())
		}
	}
}

// expiry is when the first of the certificates expires; nothing without any.
func expiry(all certificates) []admin.Traffic {
	var first time.Time
	for _, c := range all {
		if at := c.Expires(); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	if first.IsZero() {
		return nil
	}
	return []admin.Traffic{{
		Door: "tls", Name: "certificate_expiry_timestamp_seconds", Help: "When the first of the certificates that are shown expires.", Value: float64(first.Unix()), Gauge: true,
	}}
}

// name is what the banner calls a listener of a door.
func (l listener) name(door string) string {
	if l.transport.TLS != nil {
		return door + "-tls"
	}
	return door
}

// prepared is the listener for net/http's servers.
func (l listener) prepared(door string, in *instance) net.Listener {
	return l.transport.Prepared(l.Listener, protocols.Preparation{
		Log: in.log, Protocol: door, Handshake: in.cfg.Limits.HandshakeTimeout, Most: in.cfg.Limits.MaxConnections,
	})
}
