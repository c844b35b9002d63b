package transport

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/client"
)

const httpCertificates = `
tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key, client_ca: %[1]s/ca.pem, client_auth: required}
aws: {tls_listen: ["127.0.0.1:0"]}
admin: {tls_listen: ["127.0.0.1:0"]}
users: [{name: sensor, permissions: [{allow: [write], topics: ["sensors/#"]}]}]
`

// To the AWS and admin doors a client certificate is a condition of TLS and not a
// login, as it is to AWS and to RabbitMQ's management: who has none is cut, and
// who has one, also a user's, must sign or give a password still.
func TestHTTPClientCertificates(t *testing.T) {
	dir := certs(t)
	on := start(t, fmt.Sprintf(httpCertificates, dir))
	pair, err := tls.LoadX509KeyPair(dir+"/client-sensor.pem", dir+"/client-sensor.key")
	if err != nil {
		t.Fatal(err)
	}
	for door, tt := range map[string]struct {
		path string
		code int
	}{"aws": {"/?Action=ListQueues&Version=2012-11-05", http.StatusForbidden}, "admin": {"/api/overview", http.StatusUnauthorized}} {
		for _, proved := range []bool{false, true} {
			trust := &tls.Config{RootCAs: pool(t, dir), ServerName: "localhost"}
			if proved {
				trust.Certificates = []tls.Certificate{pair}
			}
			h := http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}, Timeout: client.Patience}
			answer, err := h.Get("https://" + on.Doors[door+"-tls"] + tt.path)
			switch {
			case err != nil && proved:
				t.Errorf("%s: with a certificate: %v", door, err)
			case err == nil:
				_ = answer.Body.Close()
				if !proved || answer.StatusCode != tt.code {
					t.Errorf("%s, with a certificate %v: status %d", door, proved, answer.StatusCode)
				}
			}
		}
	}
}
