package amqp091

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// issuer is a CA of the test's own.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newIssuer(t *testing.T) *issuer {
	is := &issuer{t: t, pool: x509.NewCertPool()}
	own := is.issue("ca")
	is.cert, is.key = own.Leaf, own.PrivateKey.(*ecdsa.PrivateKey)
	is.pool.AddCert(is.cert)
	return is
}

// issue makes a certificate of that common name; the first is the CA's.
func (is *issuer) issue(name string) tls.Certificate {
	is.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		is.t.Fatal(err)
	}
	what := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: is.cert == nil, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	by, with := what, key
	if is.cert != nil {
		by, with = is.cert, is.key
	}
	der, err := x509.CreateCertificate(rand.Reader, what, by, &key.PublicKey, with)
	if err != nil {
		is.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		is.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// openTLS opens a second listener, whose clients may or must have a certificate.
func (w *world) openTLS(is *issuer, auth tls.ClientAuthType) (addr string) {
	w.t.Helper()
	ln, err := protocols.Listen("amqp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{is.issue("broker")}, ClientCAs: is.pool, ClientAuth: auth, MinVersion: tls.VersionTLS12}
	door := protocols.Door{Listener: ln, Protocol: "amqp", Handler: w.h.AllowAnonymous(false), Transport: protocols.Transport{TLS: cfg}}
	if err := w.srv.Open(door); err != nil {
		w.t.Fatal(err)
	}
	return ln.Addr().String()
}

// EXTERNAL logs in the user that the client's certificate names, and nobody
// without one.
func TestExternal(t *testing.T) {
	w := newWorld(t, withUsers(t, core.AccessUser{Name: "app", Grants: []core.Grant{{Actions: core.Configure, Queues: []string{"app.*"}}}}))
	is, other := newIssuer(t), newIssuer(t)
	app, stranger, forged := is.issue("app"), is.issue("stranger"), other.issue("app")
	external, byPassword := []amqp.Authentication{&amqp.ExternalAuth{}}, []amqp.Authentication{&amqp.PlainAuth{Username: "app", Password: "app"}}
	for _, auth := range []tls.ClientAuthType{tls.VerifyClientCertIfGiven, tls.RequireAndVerifyClientCert} {
		required := auth == tls.RequireAndVerifyClientCert
		addr := w.openTLS(is, auth)
		for _, tt := range []struct {
			name string
			cert *tls.Certificate
			sasl []amqp.Authentication
			ok   bool
		}{
			{"the user's", &app, external, true},
			{"the user's, and a password", &app, byPassword, true},
			{"of nobody", &stranger, external, false},
			{"of another CA", &forged, external, false},
			{"none", nil, external, false},
			{"none, but a password", nil, byPassword, !required},
			{"of nobody, but a password", &stranger, byPassword, true},
		} {
			trust := &tls.Config{RootCAs: is.pool, ServerName: "broker"}
			if tt.cert != nil { // also one that the server did not ask for
				trust.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return tt.cert, nil }
			}
			conn, err := amqp.DialConfig("amqps://"+addr+"/", amqp.Config{SASL: tt.sasl, TLSClientConfig: trust})
			if (err == nil) != tt.ok {
				t.Errorf("%v, a certificate %s: %v", auth, tt.name, err)
			}
			if err != nil {
				continue
			}
			wantApp(t, w, conn)
			conn.Close()
		}
	}
}

// wantApp wants that a connection is the user app's, with its permissions.
func wantApp(t *testing.T, w *world, conn *amqp.Connection) {
	t.Helper()
	for _, info := range w.srv.Conns() {
		if info.User != "app" && info.User != "" { // "": refused, and not gone yet
			t.Errorf("the user is %q", info.User)
		}
	}
	if _, err := channelOf(t, conn).QueueDeclare("app.q", false, false, false, false, nil); err != nil {
		t.Error(err)
	}
	if _, err := channelOf(t, conn).QueueDeclare("other", false, false, false, false, nil); err == nil || !strings.Contains(err.Error(), "refused for user 'app'") {
		t.Errorf("declaring what app may not: %v", err)
	}
}

// Without a certificate EXTERNAL is not on offer.
func TestExternalOnOffer(t *testing.T) {
	w := newWorld(t, withUsers(t, core.AccessUser{Name: "app"}))
	is := newIssuer(t)
	addr := w.openTLS(is, tls.VerifyClientCertIfGiven)
	app := is.issue("app")
	for want, certs := range map[string][]tls.Certificate{"PLAIN AMQPLAIN": nil, "PLAIN AMQPLAIN EXTERNAL": {app}} {
		nc, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: is.pool, ServerName: "broker", Certificates: certs})
		if err != nil {
			t.Fatal(err)
		}
		r := &raw{t: t, nc: nc, r: wire.Reader{Max: 1 << 20}}
		r.bytes([]byte(wire.ProtocolHeader))
		r.want("0 connection.start {Mechanisms:%s}", want)
		nc.Close()
	}
}

// connection.update-secret takes a secret that the user can log in with, whoever
// it is that a certificate names, and ends the connection for any other.
func TestUpdateSecret(t *testing.T) {
	w := newWorld(t, withUsers(t, core.AccessUser{Name: "app"}))
	is := newIssuer(t)
	app := is.issue("app")
	addr := w.openTLS(is, tls.VerifyClientCertIfGiven)
	dial := func(sasl amqp.Authentication, certs ...tls.Certificate) *amqp.Connection {
		trust := &tls.Config{RootCAs: is.pool, ServerName: "broker", Certificates: certs}
		conn, err := amqp.DialConfig("amqps://"+addr+"/", amqp.Config{SASL: []amqp.Authentication{sasl}, TLSClientConfig: trust})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	password := &amqp.PlainAuth{Username: "app", Password: "app"}
	for _, conn := range []*amqp.Connection{dial(password), dial(password, app)} {
		if err := conn.UpdateSecret("app", "it is time"); err != nil {
			t.Error(err)
		}
		channelOf(t, conn)
		closed := conn.NotifyClose(make(chan *amqp.Error, 1))
		if err := conn.UpdateSecret("wrong", "it is time"); err == nil {
			t.Error("a wrong secret was taken")
		}
		if e := <-closed; e == nil || e.Code != 530 || e.Reason != "NOT_ALLOWED - New secret was refused by one of the backends" {
			t.Errorf("a wrong secret: %v", e)
		}
	}
	conn := dial(&amqp.ExternalAuth{}, app) // it has no secret of ours
	if err := conn.UpdateSecret("any", "it is time"); err != nil {
		t.Error(err)
	}
	conn.Close()
}
