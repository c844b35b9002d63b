package cross

import (
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// start starts a broker with every door behind every transport.
func start(t *testing.T) *daemon.Broker {
	t.Helper()
	return daemon.Start(t, daemon.Options{Config: doors.Config(t, "")})
}

// insecure is for a certificate that was made a moment ago; integration/mqtt has
// the tests of certificates.
var insecure = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above

// dial opens a connection of a door by the world's transport.
func (w world) dial(door string) (net.Conn, error) { return doors.Dial(w.b, door, w.transport) }

// aws is where AWS's clients find the broker.
func (w world) aws() string {
	if w.transport == "tls" || w.transport == "wss" {
		return "https://" + w.b.Doors["aws-tls"]
	}
	return "http://" + w.b.AWS
}

func (w world) http(t *testing.T) *http.Client {
	tr := &http.Transport{TLSClientConfig: insecure}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func (w world) sqs(t *testing.T) *sqs.Client {
	return sqs.New(sqs.Options{BaseEndpoint: aws.String(w.aws()), Region: client.Region, Credentials: anybody, HTTPClient: w.http(t), RetryMaxAttempts: 1})
}

func (w world) sns(t *testing.T) *sns.Client {
	return sns.New(sns.Options{BaseEndpoint: aws.String(w.aws()), Region: client.Region, Credentials: anybody, HTTPClient: w.http(t), RetryMaxAttempts: 1})
}

var anybody = credentials.NewStaticCredentialsProvider("any", "any", "")

// lost are the counters of what was lost, by field and the protocol that could
// not carry it.
func (w world) lost(t *testing.T) map[[2]string]int {
	t.Helper()
	_, text, err := w.b.Get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[[2]string]int{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "slipway_fields_dropped_total{")
		if !ok {
			continue
		}
		labels, value, _ := strings.Cut(rest, "} ")
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		counts[[2]string{label(labels, "field"), label(labels, "to")}] += int(n)
	}
	return counts
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
