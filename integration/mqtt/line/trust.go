package line

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// Trust is how a Go client trusts the CA of a file; with none, nothing special.
func Trust(file string) (*tls.Config, error) {
	cfg := &tls.Config{}
	if file == "" {
		return cfg, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return cfg, nil
}
