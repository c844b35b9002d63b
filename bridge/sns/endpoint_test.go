package sns_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // signature version 1
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// posted is what an endpoint was sent.
type posted struct {
	http.Header
	body string
	json map[string]any
}

// endpoint answers posts with what answers say, in turn, and then with 200.
type endpoint struct {
	*testing.T
	url string
	got chan posted
}

func newEndpoint(t *testing.T, answers ...int) *endpoint {
	e := &endpoint{T: t, got: make(chan posted, 100)}
	statuses := make(chan int, len(answers))
	for _, a := range answers {
		statuses <- a
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		p := posted{Header: r.Header, body: string(b), json: map[string]any{}}
		_ = json.Unmarshal(b, &p.json) // a raw one is none
		status := http.StatusOK
		select {
		case status = <-statuses: // before the test knows of the post, and brings about the next one
		default:
		}
		e.got <- p
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	e.url = srv.URL
	return e
}

// next is the next post of a kind.
func (e *endpoint) next(kind string) posted {
	e.Helper()
	select {
	case p := <-e.got:
		if got := p.Get("x-amz-sns-message-type"); got != kind {
			e.Fatalf("%s, not %s: %s", got, kind, p.body)
		}
		return p
	case <-time.After(20 * time.Second):
		e.Fatalf("no %s came", kind)
		return posted{}
	}
}

func (s *server) publishTo(topic *string, message string) {
	s.Helper()
	if _, err := s.client.Publish(s.Context(), &sdk.PublishInput{TopicArn: topic, Message: &message, Subject: aws.String("why")}); err != nil {
		s.Fatal(err)
	}
}

// confirmed subscribes an endpoint and follows the link that it is sent.
func (s *server) confirmed(topic *string, e *endpoint, attrs map[string]string) *string {
	s.Helper()
	in := &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &e.url, Attributes: attrs}
	out, err := s.client.Subscribe(s.Context(), in)
	if err != nil || *out.SubscriptionArn != "pending confirmation" {
		s.Fatalf("%v, %v", out, err)
	}
	if status, body := s.follow(e.next("SubscriptionConfirmation").json["SubscribeURL"]); status != http.StatusOK || !strings.Contains(body, "<ConfirmSubscriptionResult>") {
		s.Fatalf("%d %s", status, body)
	}
	out, err = s.client.Subscribe(s.Context(), in)
	if err != nil || !strings.HasPrefix(*out.SubscriptionArn, *topic+":") {
		s.Fatalf("%v, %v", out, err)
	}
	return out.SubscriptionArn
}

// follow opens a link as a browser does.
func (s *server) follow(link any) (int, string) {
	s.Helper()
	url, _ := link.(string)
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, url, nil)
	if err != nil {
		s.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// verify checks a signature as AWS's documentation tells subscribers to.
func (s *server) verify(p posted) {
	s.Helper()
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if p.json["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	text := ""
	for _, name := range names {
		if v, ok := p.json[name].(string); ok {
			text += name + "\n" + v + "\n"
		}
	}
	_, certificate := s.follow(p.json["SigningCertURL"])
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		s.Fatalf("no certificate at %v: %s", p.json["SigningCertURL"], certificate)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		s.Fatal(err)
	}
	hash, sum := crypto.SHA1, sha1.Sum([]byte(text)) //nolint:gosec // version 1
	digest := sum[:]
	if p.json["SignatureVersion"] == "2" {
		better := sha256.Sum256([]byte(text))
		hash, digest = crypto.SHA256, better[:]
	}
	signature, err := base64.StdEncoding.DecodeString(p.json["Signature"].(string))
	if err != nil {
		s.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), hash, digest, signature); err != nil {
		s.Errorf("%v: version %v of %q", err, p.json["SignatureVersion"], text)
	}
}

// TestEndpoint: a subscription by http from its question to its farewell.
func TestEndpoint(t *testing.T) {
	s := serve(t)
	topic, e := s.topic("news"), newEndpoint(t)
	in := &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &e.url, ReturnSubscriptionArn: true}
	out, err := s.client.Subscribe(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	asked := e.next("SubscriptionConfirmation")
	s.verify(asked)
	if asked.json["TopicArn"] != *topic || asked.Get("x-amz-sns-topic-arn") != *topic || asked.Get("x-amz-sns-subscription-arn") != "" ||
		asked.Get("User-Agent") != "Amazon Simple Notification Service Agent" || asked.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("%v %s", asked.Header, asked.body)
	}
	s.publishTo(topic, "before it was confirmed")
	list, err := s.client.ListSubscriptionsByTopic(t.Context(), &sdk.ListSubscriptionsByTopicInput{TopicArn: topic})
	if err != nil || len(list.Subscriptions) != 1 || *list.Subscriptions[0].SubscriptionArn != "PendingConfirmation" || *list.Subscriptions[0].Protocol != "http" {
		t.Errorf("%v, %v", list, err)
	}
	_, err = s.client.ConfirmSubscription(t.Context(), &sdk.ConfirmSubscriptionInput{TopicArn: topic, Token: aws.String("guessed")})
	if code(err) != "InvalidParameter: Invalid parameter: Token" {
		t.Error(code(err))
	}
	if status, body := s.follow(asked.json["SubscribeURL"]); status != http.StatusOK {
		t.Fatal(status, body)
	}
	s.publishTo(topic, "größer")
	p := e.next("Notification")
	s.verify(p)
	if p.json["Message"] != "größer" || p.json["Subject"] != "why" || p.json["SignatureVersion"] != "1" || p.Get("x-amz-sns-message-id") != p.json["MessageId"] ||
		p.Get("x-amz-sns-subscription-arn") != *out.SubscriptionArn || p.Get("x-amz-sns-rawdelivery") != "" {
		t.Errorf("%v %s", p.Header, p.body)
	}
	set := func(name, value string) {
		t.Helper()
		if _, err := s.client.SetSubscriptionAttributes(t.Context(), &sdk.SetSubscriptionAttributesInput{SubscriptionArn: out.SubscriptionArn, AttributeName: &name, AttributeValue: &value}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.client.SetTopicAttributes(t.Context(), &sdk.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("SignatureVersion"), AttributeValue: aws.String("2")}); err != nil {
		t.Fatal(err)
	}
	set("DeliveryPolicy", `{"requestPolicy":{"headerContentType":"application/json"}}`)
	s.publishTo(topic, "two")
	if p = e.next("Notification"); p.json["SignatureVersion"] != "2" || p.Get("Content-Type") != "application/json" {
		t.Errorf("%v %s", p.Header, p.body)
	}
	s.verify(p)
	set("RawMessageDelivery", "true")
	s.publishTo(topic, "raw")
	if p = e.next("Notification"); p.body != "raw" || p.Get("x-amz-sns-rawdelivery") != "true" {
		t.Errorf("%v %s", p.Header, p.body)
	}
	got, err := s.client.GetSubscriptionAttributes(t.Context(), &sdk.GetSubscriptionAttributesInput{SubscriptionArn: out.SubscriptionArn})
	if a := got.Attributes; err != nil || a["Protocol"] != "http" || a["PendingConfirmation"] != "false" || a["ConfirmationWasAuthenticated"] != "false" ||
		!strings.Contains(a["EffectiveDeliveryPolicy"], "application/json") || a["Endpoint"] != e.url {
		t.Errorf("%v, %v", got, err)
	}
	set("RawMessageDelivery", "false")
	s.publishTo(topic, "last")
	if status, body := s.follow(e.next("Notification").json["UnsubscribeURL"]); status != http.StatusOK {
		t.Fatal(status, body)
	}
	s.verify(e.next("UnsubscribeConfirmation"))
	if n := len(s.ns.Queues("$sns/", true)); n != 0 {
		t.Errorf("%d queues are left", n)
	}
}

// dead is what lies in the dead-letter queue, and why.
func (s *server) deadLetter(queue string) (string, awsapi.Failure) {
	s.Helper()
	q, _ := s.ns.Queue(queue)
	ds, err := q.Receive(s.Context(), core.ReceiveOptions{Max: 1, Wait: 20 * time.Second, Lease: -1})
	if err != nil || len(ds) != 1 {
		s.Fatalf("%d, %v", len(ds), err)
	}
	sub, ok := awsapi.ParseNote(ds[0].Note)
	if !ok || len(ds[0].Message.Deaths) > 0 {
		s.Errorf("%+v", ds[0])
	}
	return string(ds[0].Message.Body), sub.Failure
}

// TestEndpointFails: what is tried again and what is not, and where it ends.
func TestEndpointFails(t *testing.T) {
	s := serve(t)
	if _, _, err := s.ns.DeclareQueue("dead", core.QueueOptions{Dialect: "sqs", Durable: true}); err != nil {
		t.Fatal(err)
	}
	topic := s.topic("news")
	attrs := func(retries string) map[string]string {
		return map[string]string{
			"RedrivePolicy":  `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"}`,
			"DeliveryPolicy": `{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":` + retries + `,"numNoDelayRetries":` + retries + `}}`,
		}
	}
	for name, tt := range map[string]struct {
		answers []int // after the question
		retries string
		posts   int
		code    string // "": it arrives in the end
	}{
		"500, then taken":      {[]int{500, 429, 302}, "3", 4, ""},
		"500 to the end":       {[]int{500, 500, 503, 500}, "2", 3, "503"},
		"404":                  {[]int{404}, "3", 1, "404"},
		"a redirect":           {[]int{301}, "0", 1, "301"},
		"204 is taken":         {[]int{204}, "0", 1, ""},
		"429 is tried again":   {[]int{429}, "1", 2, ""},
		"403, not tried again": {[]int{403}, "100", 1, "403"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{T: t, ns: s.ns, client: s.client, url: s.url}
			e := newEndpoint(t, append([]int{200}, tt.answers...)...)
			retries := tt.retries
			if retries == "100" {
				retries = "3"
			}
			arn := s.confirmed(topic, e, attrs(retries))
			s.publishTo(topic, name)
			id := ""
			for range tt.posts {
				p := e.next("Notification")
				if id != "" && id != p.json["MessageId"] {
					t.Error("another message id")
				}
				id, _ = p.json["MessageId"].(string)
			}
			if tt.code != "" {
				if body, why := s.deadLetter("dead"); body != name || why.Code != tt.code {
					t.Errorf("%q, %+v", body, why)
				}
			}
			if _, err := s.client.Unsubscribe(t.Context(), &sdk.UnsubscribeInput{SubscriptionArn: arn}); err != nil {
				t.Fatal(err)
			}
			e.next("UnsubscribeConfirmation") // and no further try before it
		})
	}
}

// TestEndpointRestart: what waits is delivered by the next process, and what is
// pending can still be confirmed.
func TestEndpointRestart(t *testing.T) {
	s := serve(t)
	topic, e := s.topic("news"), newEndpoint(t, 200, 500)
	s.confirmed(topic, e, map[string]string{"DeliveryPolicy": `{"healthyRetryPolicy":{"minDelayTarget":2,"maxDelayTarget":2,"numRetries":3}}`})
	s.publishTo(topic, "waits")
	e.next("Notification") // answered 500
	late := newEndpoint(t)
	if _, err := s.client.Subscribe(t.Context(), &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &late.url}); err != nil {
		t.Fatal(err)
	}
	link, _ := late.next("SubscriptionConfirmation").json["SubscribeURL"].(string)
	q := s.ns.Queues("$sns/", true)
	for end := time.Now().Add(10 * time.Second); q[0].Counts().Ready+q[1].Counts().Ready > 0 && time.Now().Before(end); {
		<-time.After(10 * time.Millisecond)
	}
	s.end()
	s.ns.Broker().Close() // else the copy may lack how the delivery ended, and the lease of its post is in force
	again := serveOn(t, s.store.Clone())
	if p := e.next("Notification"); p.json["Message"] != "waits" {
		t.Error(p.body)
	}
	if status, body := again.follow(again.url + link[strings.Index(link, "/?"):]); status != http.StatusOK {
		t.Fatal(status, body)
	}
	again.publishTo(topic, "both")
	late.next("Notification")
	e.next("Notification")
}

func TestSubscribeEndpointErrors(t *testing.T) {
	s := serve(t)
	topic := s.topic("news")
	fifo, err := s.client.CreateTopic(t.Context(), &sdk.CreateTopicInput{Name: aws.String("f.fifo"), Attributes: map[string]string{"FifoTopic": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		topic              *string
		protocol, endpoint string
		attrs              map[string]string
		want               string
	}{
		{topic, "http", "https://example.com/", nil, "Invalid parameter: Endpoint must match the specified protocol"},
		{topic, "https", "ftp://example.com/", nil, "Invalid parameter: Endpoint must match the specified protocol"},
		{topic, "http", "http://", nil, "Invalid parameter: Endpoint Reason: it is no URL"},
		{fifo.TopicArn, "http", "http://example.com/", nil, "Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"},
		{topic, "http", "http://example.com/", map[string]string{"DeliveryPolicy": `{"healthyRetryPolicy":{"numRetries":101}}`},
			"Invalid parameter: Attributes Reason: DeliveryPolicy: healthyRetryPolicy.numRetries must be less than or equal to 100"},
		{topic, "lambda", "arn:aws:lambda:us-east-1:000000000000:function:f", nil, "Invalid parameter: Protocol Reason: protocol lambda is not supported by Slipway yet"},
	} {
		_, err := s.client.Subscribe(t.Context(), &sdk.SubscribeInput{TopicArn: tt.topic, Protocol: &tt.protocol, Endpoint: &tt.endpoint, Attributes: tt.attrs})
		if got := code(err); got != "InvalidParameter: "+tt.want {
			t.Errorf("%s %s: %s", tt.protocol, tt.endpoint, got)
		}
	}
}

// While publishes are held the question to an endpoint waits, and no longer than
// who asked for it; nobody else waits for that.
func TestSubscribeWhileHeld(t *testing.T) {
	s := serve(t)
	topic, e := s.topic("t"), newEndpoint(t)
	s.ns.Broker().HoldPublishes("maintenance")
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	asked := make(chan error, 1)
	go func() {
		_, err := s.client.Subscribe(ctx, &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &e.url})
		asked <- err
	}()
	gone := *topic + ":00000000-0000-0000-0000-000000000000"
	for waited := true; waited; { // until the other is at it, and then past it
		if _, err := s.client.Unsubscribe(t.Context(), &sdk.UnsubscribeInput{SubscriptionArn: &gone}); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-asked:
			if waited = false; err == nil {
				t.Error("subscribed")
			}
		default:
		}
	}
	s.ns.Broker().HoldPublishes("")
	e.next("SubscriptionConfirmation")
}
