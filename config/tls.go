package config

// TLS is what the TLS listeners of a door show and ask for. In the section of a
// door an empty setting is that of the top-level section.
type TLS struct {
	Certificate  string        `mapstructure:"certificate"`  // a PEM file: the server's certificate, then its issuers
	Key          string        `mapstructure:"key"`          // a PEM file
	Certificates []Certificate `mapstructure:"certificates"` // further ones, for clients that ask for their names (SNI)
	ClientCA     string        `mapstructure:"client_ca"`    // a PEM file: who vouches for clients
	ClientAuth   string        `mapstructure:"client_auth"`  // none, optional, required
	ClientName   string        `mapstructure:"client_name"`  // what in a client's certificate names the user: cn, dns, email, uri
	MinVersion   string        `mapstructure:"min_version"`  // 1.2, 1.3
}

// Certificate is a certificate and its key.
type Certificate struct {
	Certificate string `mapstructure:"certificate"`
	Key         string `mapstructure:"key"`
}

// over is t with the settings of base where it has none. Certificates go
// together: a door with one of its own has none of base's.
func (t TLS) over(base TLS) TLS {
	if t.Certificate == "" && t.Key == "" && len(t.Certificates) == 0 {
		t.Certificate, t.Key, t.Certificates = base.Certificate, base.Key, base.Certificates
	}
	for _, f := range []struct{ own, base *string }{
		{&t.ClientCA, &base.ClientCA}, {&t.ClientAuth, &base.ClientAuth}, {&t.ClientName, &base.ClientName}, {&t.MinVersion, &base.MinVersion},
	} {
		if *f.own == "" {
			*f.own = *f.base
		}
	}
	return t
}

// tls finds what is impossible in the section at path; only what is written
// there, so that nothing is said twice.
func (ps *problems) tls(path string, t TLS) {
	for _, o := range []struct {
		key, value string
		known      []string
	}{
		{"client_auth", t.ClientAuth, []string{"none", "optional", "required"}},
		{"client_name", t.ClientName, []string{"cn", "dns", "email", "uri"}},
		{"min_version", t.MinVersion, []string{"1.2", "1.3"}},
	} {
		if o.value != "" {
			ps.oneOf(path+"."+o.key, o.value, o.known...)
		}
	}
	ps.pair(path, Certificate{t.Certificate, t.Key}, len(t.Certificates) > 0)
	for i, c := range t.Certificates {
		ps.pair(at(path+".certificates", i, ""), c, true)
	}
}

// pair wants a certificate with its key, at least if it is needed.
func (ps *problems) pair(path string, c Certificate, needed bool) {
	switch {
	case c.Certificate == "" && (needed || c.Key != ""):
		ps.add(path+".certificate", "the file of the certificate is missing")
	case c.Key == "" && (needed || c.Certificate != ""):
		ps.add(path+".key", "the file of the certificate's key is missing")
	}
}

// tlsListeners finds what a door lacks to listen with TLS.
func (ps *problems) tlsListeners(d Door) {
	if len(d.TLSListen) == 0 {
		return
	}
	if d.TLS.Certificate == "" && d.TLS.Key == "" {
		ps.add(d.Name+".tls_listen", "a certificate is needed: give tls.certificate and tls.key; `slipway cert` makes both for trying out")
	}
	if d.TLS.ClientAuth != "none" && d.TLS.ClientCA == "" {
		ps.add(d.Name+".tls_listen", "clients are asked for a certificate, and tls.client_ca does not say who vouches for it")
	}
}

// clientCertificates says that users may prove who they are by a certificate.
func (c Config) clientCertificates() bool {
	for _, d := range c.Doors() {
		if len(d.TLSListen) > 0 && d.TLS.ClientAuth != "none" {
			return true
		}
	}
	return false
}
