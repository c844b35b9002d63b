package sqs_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/sqs"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{}

func (clock) Now() time.Time { return time.Now() }
func (clock) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

// server is the service on a real core, and an unmodified SDK client of it. The
// client's requests go straight to the edge's ServeHTTP, so that testing/synctest
// can own the time; TestOverHTTP has the network between.
type server struct {
	*testing.T
	ns     *core.Namespace
	edge   http.Handler
	client *sdk.Client
	store  *memstore.Store
	end    func() // of the service
	sqs    *sqs.Service
}

func serve(t *testing.T, change ...func(*awsapi.Backend)) *server {
	t.Helper()
	return serveOn(t, memstore.New(memstore.Options{}), change...)
}

// serveOn goes on with what an earlier server left in the store.
func serveOn(t *testing.T, store *memstore.Store, change ...func(*awsapi.Backend)) *server {
	t.Helper()
	b, err := core.New(store, core.Options{Clock: clock{}, Rand: rand.Reader, Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	backend := &awsapi.Backend{Namespace: awsapi.DefaultNamespace(b)}
	for _, f := range change {
		f(backend)
	}
	reg := awsapi.NewRegistry(sqsapi.Service)
	service := sqs.New(backend)
	t.Cleanup(service.Close)
	service.Register(reg)
	service.Resume(b.Namespaces()...)
	edge := awsapi.New(awsapi.Config{Registry: reg, Account: "000000000000", Region: "us-east-1", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	return &server{T: t, ns: b.Default(), edge: edge, client: newClient("http://localhost:4566", direct{edge}), store: store, end: service.Close, sqs: service}
}

func newClient(url string, tr http.RoundTripper) *sdk.Client {
	return sdk.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: tr},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
}

// direct is a network without a network.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.Host, in.RequestURI = r.URL.Host, r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// must fails the test on an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (s *server) create(name string, attrs map[string]string) *string {
	s.Helper()
	return must(s.client.CreateQueue(s.Context(), &sdk.CreateQueueInput{QueueName: &name, Attributes: attrs}))(s).QueueUrl
}

func (s *server) send(url *string, body string, change ...func(*sdk.SendMessageInput)) *sdk.SendMessageOutput {
	s.Helper()
	in := &sdk.SendMessageInput{QueueUrl: url, MessageBody: &body}
	for _, f := range change {
		f(in)
	}
	return must(s.client.SendMessage(s.Context(), in))(s)
}

// grouped sends to a FIFO queue.
func grouped(group, dedup string) func(*sdk.SendMessageInput) {
	return func(in *sdk.SendMessageInput) {
		in.MessageGroupId = &group
		if dedup != "" {
			in.MessageDeduplicationId = &dedup
		}
	}
}

// receive takes up to ten messages with everything that can be asked for.
func (s *server) receive(url *string, change ...func(*sdk.ReceiveMessageInput)) []types.Message {
	s.Helper()
	in := &sdk.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	}
	for _, f := range change {
		f(in)
	}
	return must(s.client.ReceiveMessage(s.Context(), in))(s).Messages
}

func (s *server) delete(url *string, m types.Message) {
	s.Helper()
	must(s.client.DeleteMessage(s.Context(), &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}))(s)
}

func (s *server) attributes(url *string) map[string]string {
	s.Helper()
	return must(s.client.GetQueueAttributes(s.Context(), &sdk.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"},
	}))(s).Attributes
}

func (s *server) arn(url *string) string {
	s.Helper()
	return s.attributes(url)["QueueArn"]
}

// publish publishes to the core, as another door would.
func (s *server) publish(to core.Address, m core.Message) {
	s.Helper()
	must(s.ns.Publish(s.Context(), &core.Publication{Message: &m, To: to}))(s)
}

func bodies(ms []types.Message) string {
	var out []string
	for _, m := range ms {
		out = append(out, *m.Body)
	}
	return strings.Join(out, " ")
}

// code is an error's legacy code and text.
func code(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return ""
	}
	return e.ErrorCode() + ": " + e.ErrorMessage()
}

// post sends one raw request to the edge.
func (s *server) post(header map[string]string, body string) (int, http.Header, string) {
	s.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.edge.ServeHTTP(w, r)
	res := w.Result()
	b := must(io.ReadAll(res.Body))(s)
	return res.StatusCode, res.Header, string(b)
}

// subscribe binds a queue as bridge/sns does.
func (s *server) subscribe(q *core.Queue, sub awsapi.Subscription) {
	s.Helper()
	must(s.ns.Bind(&core.Binding{Key: sub.ARN, Dialect: "sns", Filter: match.Below("sensors"), Queue: q, KeepDurable: true, KeepTransient: true,
		Note: sub.Note(), Copies: "sensors"}))(s)
}

type notification struct {
	Type, MessageId, TopicArn, Subject, Message, Timestamp, UnsubscribeURL, SequenceNumber string //nolint:revive // AWS's names
	MessageAttributes                                                                      map[string]struct{ Type, Value string }
}

func envelope(t testing.TB, body string) (n notification) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return n
}
