package sns_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/notice"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/sns"
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

// server is the service on a real core behind a real HTTP server.
type server struct {
	*testing.T
	store  *memstore.Store
	ns     *core.Namespace
	edge   http.Handler
	client *sdk.Client
	end    func() // of deliveries
	url    string
}

// identity is one for all tests: making a key takes long.
var identity = sync.OnceValues(func() (notice.Identity, error) { return notice.NewIdentity(rand.Reader, time.Now()) })

func serve(t *testing.T, change ...func(*awsapi.Backend)) *server {
	t.Helper()
	return serveOn(t, memstore.New(memstore.Options{}), change...)
}

func serveOn(t *testing.T, store *memstore.Store, change ...func(*awsapi.Backend)) *server {
	t.Helper()
	b, err := core.New(store, core.Options{Clock: clock{}, Rand: rand.Reader, Fatal: func(err error) { t.Error(err) },
		Dialects: map[string]core.Dialect{fields.SNS: sns.Dialect()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	backend := &awsapi.Backend{Namespace: awsapi.DefaultNamespace(b)}
	for _, f := range change {
		f(backend)
	}
	reg := awsapi.NewRegistry(snsapi.Service)
	signer := notice.NewSigner(identity)
	service := sns.New(backend)
	service.Register(reg)
	t.Cleanup(func() { service.Close() })
	edge := awsapi.New(awsapi.Config{Registry: reg, Files: signer.ServeCertificate, Account: "000000000000", Region: "us-east-1", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	h := httptest.NewServer(edge)
	t.Cleanup(h.Close)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	err = service.Deliver(sns.Endpoints{Base: h.URL, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Signer: signer}, log, b.Default())
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &server{T: t, store: store, end: service.Close, url: h.URL, ns: b.Default(), edge: edge, client: sdk.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(h.URL), HTTPClient: &http.Client{Transport: inOnePiece{tr}},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})}
}

// inOnePiece reads a request's body before net/http does. The SDK closes it when
// the answer begins, and net/http, if it has not seen the body's end by then, cuts
// the connection and the answer with it: about once in a hundred long answers of a
// server this near.
type inOnePiece struct{ http.RoundTripper }

func (p inOnePiece) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return p.RoundTripper.RoundTrip(r)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func code(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return ""
	}
	return e.ErrorCode() + ": " + e.ErrorMessage()
}

func (s *server) topic(name string) *string {
	s.Helper()
	return must(s.client.CreateTopic(s.Context(), &sdk.CreateTopicInput{Name: &name}))(s).TopicArn
}

// fifo makes a FIFO topic.
func (s *server) fifo(name string, attrs map[string]string) *string {
	s.Helper()
	all := map[string]string{"FifoTopic": "true"}
	maps.Copy(all, attrs)
	return must(s.client.CreateTopic(s.Context(), &sdk.CreateTopicInput{Name: &name, Attributes: all}))(s).TopicArn
}

func (s *server) queue(name string) *core.Queue {
	s.Helper()
	dedup := core.DedupOff
	if strings.HasSuffix(name, ".fifo") {
		dedup = core.DedupQueue
	}
	q, _, err := s.ns.DeclareQueue(name, core.QueueOptions{Durable: true, Grouped: strings.HasSuffix(name, ".fifo"), Dedup: dedup})
	return must(q, err)(s)
}

func arnOf(queue string) *string { return aws.String("arn:aws:sqs:us-east-1:000000000000:" + queue) }

func (s *server) subscribe(topic *string, queue string, attrs map[string]string) *string {
	s.Helper()
	return must(s.client.Subscribe(s.Context(), &sdk.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: arnOf(queue), Attributes: attrs}))(s).SubscriptionArn
}

// take empties a queue.
func (s *server) take(q *core.Queue) []core.Delivery {
	s.Helper()
	return must(q.Receive(s.Context(), core.ReceiveOptions{Max: 100, Lease: -1}))(s)
}

func TestTopics(t *testing.T) {
	s := serve(t)
	arn := s.topic("sensors")
	if *arn != "arn:aws:sns:us-east-1:000000000000:sensors" || *s.topic("sensors") != *arn {
		t.Error(*arn)
	}
	must(s.client.SetTopicAttributes(t.Context(), &sdk.SetTopicAttributesInput{TopicArn: arn, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("Sensors")}))(t)
	s.queue("q")
	s.subscribe(arn, "q", nil)
	attrs := must(s.client.GetTopicAttributes(t.Context(), &sdk.GetTopicAttributesInput{TopicArn: arn}))(t).Attributes
	if attrs["DisplayName"] != "Sensors" || attrs["SubscriptionsConfirmed"] != "1" || attrs["Owner"] != "000000000000" || attrs["TopicArn"] != *arn {
		t.Errorf("%v", attrs)
	}
	must(s.client.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))(t)
	tags := must(s.client.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: arn}))(t).Tags
	if len(tags) != 1 || *tags[0].Key != "k" {
		t.Errorf("%v", tags)
	}
	must(s.client.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"k"}}))(t)
	must(s.client.DeleteTopic(t.Context(), &sdk.DeleteTopicInput{TopicArn: arn}))(t)
	must(s.client.DeleteTopic(t.Context(), &sdk.DeleteTopicInput{TopicArn: arn}))(t)
	if subs := s.ns.Bindings(""); len(subs) != 0 {
		t.Errorf("subscriptions outlive their topic: %v", subs)
	}
}

func TestListTopics(t *testing.T) {
	s := serve(t)
	for i := range 250 {
		s.topic(fmt.Sprintf("t%03d", i))
	}
	p := sdk.NewListTopicsPaginator(s.client, &sdk.ListTopicsInput{})
	pages, n := 0, 0
	for p.HasMorePages() {
		pages++
		n += len(must(p.NextPage(t.Context()))(t).Topics)
	}
	if pages != 3 || n != 250 {
		t.Errorf("%d topics in %d pages", n, pages)
	}
}

func TestTopicAlias(t *testing.T) {
	s := serve(t)
	if _, _, err := s.ns.CreateTopic("plant/1.line", nil); err != nil {
		t.Fatal(err)
	}
	list := must(s.client.ListTopics(t.Context(), &sdk.ListTopicsInput{}))(t).Topics
	if len(list) != 1 || !strings.HasPrefix(*list[0].TopicArn, "arn:aws:sns:us-east-1:000000000000:plant-1-line-") {
		t.Fatalf("%v", list)
	}
	arn := list[0].TopicArn
	q := s.queue("q")
	s.subscribe(arn, "q", nil)
	must(s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: arn, Message: aws.String("m")}))(t)
	if ds := s.take(q); len(ds) != 1 || ds[0].Message.Source.Name != "plant/1.line" {
		t.Errorf("%v", ds)
	}
	tags := must(s.client.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: arn}))(t).Tags
	if len(tags) != 1 || *tags[0].Key != "slipway:name" || *tags[0].Value != "plant/1.line" {
		t.Errorf("%v", tags)
	}
}

// TestFanOut: one publish, a copy for each subscription of each topic that matches,
// with the subscription's note, and one for other doors.
func TestFanOut(t *testing.T) {
	s := serve(t)
	sensors, kitchen := s.topic("sensors"), s.topic("sensors-kitchen")
	if _, _, err := s.ns.CreateTopic("sensors/kitchen", nil); err != nil {
		t.Fatal(err)
	}
	a, b, other := s.queue("a"), s.queue("b"), s.queue("other")
	subA := s.subscribe(sensors, "a", nil)
	subB := s.subscribe(sensors, "b", map[string]string{"RawMessageDelivery": "true"})
	s.subscribe(kitchen, "b", nil) // another path
	must(s.ns.Bind(&core.Binding{Key: "mqtt", Filter: match.Literal("sensors"), Queue: other, KeepDurable: true}))(t)
	out := must(s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: sensors, Message: aws.String("hello"), Subject: aws.String("subject"),
		MessageGroupId: aws.String("group"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"list": {DataType: aws.String("String.Array"), StringValue: aws.String(`["a",1]`)}, "priority": {DataType: aws.String("Number"), StringValue: aws.String("7")}}}))(t)
	for q, want := range map[*core.Queue]awsapi.Subscription{a: {ARN: *subA}, b: {ARN: *subB, Raw: true}} {
		ds := s.take(q)
		if len(ds) != 1 {
			t.Fatalf("%s: %d", q.Name(), len(ds))
		}
		sub, ok := awsapi.ParseNote(ds[0].Note)
		if m := ds[0].Message; !ok || sub != want || string(m.Body) != "hello" || m.Type != "subject" || m.GroupID != "group" || m.Priority != 7 ||
			m.ID.String() != *out.MessageId || m.Source != core.TopicAddress("sensors") || !m.Durable || sub.TopicARN() != *sensors {
			t.Errorf("%s: %+v %+v", q.Name(), sub, ds[0].Message)
		}
		if got := fields.Of(ds[0].Message, fields.Form{}).Attrs; len(got) != 3 || got[0].DataType != "String.Array" && got[1].DataType != "String.Array" {
			t.Errorf("attributes %v", got)
		}
	}
	if ds := s.take(other); len(ds) != 1 || len(ds[0].Note) != 0 {
		t.Errorf("the other door got %v", ds)
	}
	must(s.ns.Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("from MQTT"), Durable: true}, To: core.TopicAddress("sensors/kitchen/temp")}))(t)
	if ds := s.take(a); len(ds) != 1 || ds[0].Message.Source.Name != "sensors/kitchen/temp" {
		t.Errorf("below the topic: %v", ds)
	}
}

// TestOverlap: subscriptions of one queue to a topic and to one below it deliver
// both, each with its own note.
func TestOverlap(t *testing.T) {
	s := serve(t)
	if _, _, err := s.ns.CreateTopic("sensors/kitchen", nil); err != nil {
		t.Fatal(err)
	}
	q := s.queue("q")
	s.subscribe(s.topic("sensors"), "q", nil)
	for _, topic := range must(s.client.ListTopics(t.Context(), &sdk.ListTopicsInput{}))(t).Topics {
		s.subscribe(topic.TopicArn, "q", nil)
	}
	must(s.ns.Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("m"), Durable: true}, To: core.TopicAddress("sensors/kitchen")}))(t)
	ds := s.take(q)
	if len(ds) != 2 || string(ds[0].Note) == string(ds[1].Note) {
		t.Errorf("%v", ds)
	}
}

func TestSubscriptions(t *testing.T) {
	s := serve(t)
	topic := s.topic("topic")
	q := s.queue("q")
	s.queue("other")
	arn := s.subscribe(topic, "q", nil)
	if again := s.subscribe(topic, "q", map[string]string{"RawMessageDelivery": "false"}); *again != *arn {
		t.Errorf("again: %s", *again)
	}
	s.subscribe(topic, "other", nil)
	list := must(s.client.ListSubscriptionsByTopic(t.Context(), &sdk.ListSubscriptionsByTopicInput{TopicArn: topic}))(t).Subscriptions
	all := must(s.client.ListSubscriptions(t.Context(), &sdk.ListSubscriptionsInput{}))(t).Subscriptions
	if len(list) != 2 || len(all) != 2 || *list[0].Protocol != "sqs" || *list[0].TopicArn != *topic || *list[0].Owner != "000000000000" {
		t.Errorf("%v %v", list, all)
	}
	must(s.client.SetSubscriptionAttributes(t.Context(), &sdk.SetSubscriptionAttributesInput{
		SubscriptionArn: arn, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("True")}))(t)
	attrs := must(s.client.GetSubscriptionAttributes(t.Context(), &sdk.GetSubscriptionAttributesInput{SubscriptionArn: arn}))(t).Attributes
	if attrs["RawMessageDelivery"] != "true" || attrs["Endpoint"] != *arnOf("q") || attrs["PendingConfirmation"] != "false" {
		t.Errorf("%v", attrs)
	}
	must(s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: topic, Message: aws.String("m")}))(t)
	if sub, _ := awsapi.ParseNote(s.take(q)[0].Note); !sub.Raw {
		t.Error("the new attribute is not in force")
	}
	must(s.client.Unsubscribe(t.Context(), &sdk.UnsubscribeInput{SubscriptionArn: arn}))(t)
	must(s.client.Unsubscribe(t.Context(), &sdk.UnsubscribeInput{SubscriptionArn: arn}))(t)
	must(s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: topic, Message: aws.String("m")}))(t)
	if ds := s.take(q); len(ds) != 0 {
		t.Errorf("unsubscribed, and got %d", len(ds))
	}
	left := must(s.client.ListSubscriptions(t.Context(), &sdk.ListSubscriptionsInput{}))(t).Subscriptions[0].SubscriptionArn
	r := httptest.NewRequest(http.MethodGet, "http://localhost:4566/?Action=Unsubscribe&SubscriptionArn="+*left, nil) // the link in notifications
	w := httptest.NewRecorder()
	s.edge.ServeHTTP(w, r)
	if w.Code != http.StatusOK || len(s.ns.Bindings("arn:")) != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestStructure: per-protocol bodies; what is no string is ignored.
func TestStructure(t *testing.T) {
	s := serve(t)
	topic, q := s.topic("topic"), s.queue("q")
	s.subscribe(topic, "q", nil)
	for message, want := range map[string][2]string{
		`{"default":"d","sqs":"for sqs","http":"h"}`: {"d", "for sqs"},
		`{"default":"d","sqs":5}`:                    {"d", "d"},
		`{"default":"d"}`:                            {"d", "d"},
	} {
		must(s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: topic, Message: &message, MessageStructure: aws.String("json")}))(t)
		m := s.take(q)[0].Message
		if got := [2]string{string(m.Body), fields.Of(m, fields.Form{}).Body}; got != want {
			t.Errorf("%s: %q", message, got)
		}
	}
}

func TestPublishBatch(t *testing.T) {
	s := serve(t)
	topic, q := s.topic("topic"), s.queue("q")
	s.subscribe(topic, "q", nil)
	out := must(s.client.PublishBatch(t.Context(), &sdk.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
		{Id: aws.String("a"), Message: aws.String("1")},
		{Id: aws.String("b"), Message: aws.String("2"), Subject: aws.String("\n")},
		{Id: aws.String("c"), Message: aws.String("3")},
	}}))(t)
	if len(out.Successful) != 2 || len(out.Failed) != 1 || *out.Failed[0].Id != "b" || *out.Failed[0].Code != "InvalidParameter" || !out.Failed[0].SenderFault {
		t.Errorf("%+v", out)
	}
	if ds := s.take(q); len(ds) != 2 || string(ds[1].Message.Body) != "3" {
		t.Errorf("%v", ds)
	}
}

// TestPermissions: Subscribe needs read on the topic and all below it, and write on
// the queue; Publish needs write.
func TestPermissions(t *testing.T) {
	grant := func(a core.Action, topic string) core.Grant {
		f := must(match.ParseMQTT(topic))(t)
		return core.Grant{Actions: a, Topics: []match.Filter{f}}
	}
	queues := core.Grant{Actions: core.Write, Queues: []string{"q"}}
	access := must(core.NewAccess([]core.AccessUser{
		{Name: "all", AccessKeys: map[string]string{"all": "s"}, Grants: []core.Grant{grant(core.Read, "topic/#"), queues}},
		{Name: "only", AccessKeys: map[string]string{"only": "s"}, Grants: []core.Grant{grant(core.Read, "topic"), queues}},
		{Name: "noqueue", AccessKeys: map[string]string{"noqueue": "s"}, Grants: []core.Grant{grant(core.Read, "topic/#")}},
		{Name: "writer", AccessKeys: map[string]string{"writer": "s"}, Grants: []core.Grant{grant(core.Write, "topic")}},
	}, func(string, []byte) bool { return false }, make([]byte, 16)))(t)
	key := ""
	s := serve(t, func(b *awsapi.Backend) {
		b.Principal = func(awsapi.Principal) *core.Principal {
			_, p, _ := access.ByAccessKey(key)
			return p
		}
	})
	if _, _, err := s.ns.CreateTopic("topic", nil); err != nil {
		t.Fatal(err)
	}
	s.queue("q")
	topic := aws.String("arn:aws:sns:us-east-1:000000000000:topic")
	for who, may := range map[string]string{"all": "subscribe", "only": "", "noqueue": "", "writer": "publish", "nobody": ""} {
		key = who
		_, err := s.client.Subscribe(t.Context(), &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: arnOf("q")})
		if (err == nil) != (may == "subscribe") || err != nil && !strings.HasPrefix(code(err), "AuthorizationError") {
			t.Errorf("%s subscribing: %v", who, err)
		}
		_, err = s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: topic, Message: aws.String("m")})
		if (err == nil) != (may == "publish") || err != nil && !strings.HasPrefix(code(err), "AuthorizationError") {
			t.Errorf("%s publishing: %v", who, err)
		}
		if _, err = s.client.CreateTopic(t.Context(), &sdk.CreateTopicInput{Name: aws.String("new")}); err == nil {
			t.Errorf("%s created a topic", who)
		}
	}
}

var manyLetters = regexp.MustCompile(`X\{(\d+)\}`)

// TestErrors earns every error of testdata/errors.tsv.
func TestErrors(t *testing.T) {
	s := serve(t)
	topic := s.topic("topic")
	s.queue("q")
	s.queue("q.fifo")
	fifo := s.fifo("topic.fifo", nil)
	archived := s.fifo("archived.fifo", map[string]string{"ArchivePolicy": `{"MessageRetentionPeriod":"30"}`})
	replace := strings.NewReplacer("{T}", *topic, "{Q}", *arnOf("q"), "{S}", *s.subscribe(topic, "q", nil),
		"{F}", *fifo, "{FS}", *s.subscribe(fifo, "q.fifo", nil), "{A}", *archived)
	rows := 0
	for line := range strings.Lines(string(must(os.ReadFile("testdata/errors.tsv"))(t))) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		form := replace.Replace(manyLetters.ReplaceAllStringFunc(f[0], func(m string) string {
			n, _ := strconv.Atoi(manyLetters.FindStringSubmatch(m)[1])
			return strings.Repeat("x", n)
		}))
		r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(form+"&Version=2010-03-31"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.edge.ServeHTTP(w, r)
		body := must(io.ReadAll(w.Result().Body))(t)
		f[3] = strings.ReplaceAll(f[3], `\n`, "\n")
		if f[3] == "*" {
			f[3] = element(string(body), "Message")
		}
		if got := element(string(body), "Code"); got != f[1] || fmt.Sprint(w.Code) != f[2] || element(string(body), "Message") != f[3] {
			t.Errorf("%.200s\n%d %s %s\nwant %s", form, w.Code, got, element(string(body), "Message"), f[3])
		}
	}
	if rows < 50 {
		t.Errorf("only %d rows", rows)
	}
}

func element(body, name string) string {
	_, rest, _ := strings.Cut(body, "<"+name+">")
	v, _, _ := strings.Cut(rest, "</"+name+">")
	return html.UnescapeString(v)
}
