package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// certs makes certificates with `slipway cert`, and returns the folder and what
// a client that trusts its CA is configured with.
func certs(t *testing.T) (string, *tls.Config) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "certs")
	for _, args := range [][]string{{"cert", "--dir", dir}, {"cert", "--dir", dir, "--client", "app"}} {
		if code, _, errs := slipway(t, "", nil, args...); code != 0 {
			t.Fatalf("code %d, %s", code, errs)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return dir, &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

const everyDoorTLS = `
tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key, client_ca: %[1]s/ca.pem}
mqtt: {tls_listen: ["127.0.0.1:0"], tls: {client_auth: required}}
aws: {tls_listen: ["127.0.0.1:0"]}
admin: {tls_listen: ["127.0.0.1:0"], tls: {min_version: "1.3"}}
`

// Every door speaks TLS, and takes up a new certificate when told to.
func TestDoorsOverTLS(t *testing.T) {
	dir, trust := certs(t)
	w, hangup := outside(t), make(chan os.Signal)
	w.reload.signals = hangup
	in, err := start(settings(t, fmt.Sprintf(everyDoorTLS, dir)), quiet(), w)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: tr}).Get("https://" + address(t, in.doors.opened, "admin-tls") + "/healthz")
	if err != nil || answer.StatusCode != 200 || answer.TLS.Version != tls.VersionTLS13 {
		t.Fatalf("admin: %v, %v", answer, err)
	}
	answer.Body.Close()
	if code, _, errs := slipway(t, "", nil, "healthcheck", "--tls", "--addr", address(t, in.doors.opened, "admin-tls")); code != 0 {
		t.Errorf("healthcheck: %d, %s", code, errs)
	}
	if _, body := fetch(t, "http://"+address(t, in.doors.opened, "admin")+"/metrics"); !strings.Contains(body, "slipway_certificate_expiry_timestamp_seconds") {
		t.Error("nothing tells when the certificate expires")
	}
	client := sqs.New(sqs.Options{
		BaseEndpoint: aws.String("https://" + address(t, in.doors.opened, "aws-tls")), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""), HTTPClient: &http.Client{Transport: tr},
	})
	q, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("sealed")})
	if err != nil || !strings.HasPrefix(*q.QueueUrl, "https://") {
		t.Errorf("aws: %v, %v", q, err)
	}
	mqtt := address(t, in.doors.opened, "mqtt-tls")
	if c, err := tls.Dial("tcp", mqtt, trust); err == nil { // TLS 1.3 tells with the first read
		if _, err := c.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("mqtt without a certificate: %v", err)
		}
		c.Close()
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "client-app.pem"), filepath.Join(dir, "client-app.key"))
	if err != nil {
		t.Fatal(err)
	}
	known := trust.Clone()
	known.Certificates = []tls.Certificate{pair}
	serial := func() string {
		c, err := tls.Dial("tcp", mqtt, known)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	if code, _, errs := slipway(t, "", nil, "cert", "--dir", dir); code != 0 {
		t.Fatal(errs)
	}
	hangup <- syscall.SIGHUP
	hangup <- syscall.SIGHUP // taken when the first is done with
	if serial() == before {
		t.Error("the new certificate is not shown")
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}

// Files that cannot be used are the configuration's mistake, at the start and
// for check-config.
func TestBadCertificates(t *testing.T) {
	dir, _ := certs(t)
	if err := os.WriteFile(filepath.Join(dir, "server.key"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := settings(t, fmt.Sprintf(everyDoorTLS, dir))
	if _, err := start(cfg, quiet(), outside(t)); err == nil || exitCode(err) != exitConfig || !strings.Contains(err.Error(), "server.pem") {
		t.Errorf("start: %v", err)
	}
	file := filepath.Join(dir, "slipway.yaml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(everyDoorTLS, dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := slipway(t, "", nil, "check-config", file); code != exitConfig || !strings.Contains(errs, "tls of mqtt: ") {
		t.Errorf("check-config: %d, %s", code, errs)
	}
}

func TestCertKeepsItsCA(t *testing.T) {
	dir, trust := certs(t)
	if code, out, errs := slipway(t, "", nil, "cert", "--dir", dir, "--days", "1", "broker.test", "10.1.2.3"); code != 0 || !strings.Contains(out, "server.pem") {
		t.Fatalf("%d, %s", code, errs)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"broker.test", "10.1.2.3"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: trust.RootCAs}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("ca.key: %v, %v", info.Mode(), err)
	}
	for _, args := range [][]string{{"--client", "../x"}, {"--client", "a", "host"}, {"--days", "0"}} {
		if code, _, _ := slipway(t, "", nil, append([]string{"cert", "--dir", dir}, args...)...); code != exitUsage {
			t.Errorf("%q: code %d", args, code)
		}
	}
}
