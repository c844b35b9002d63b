package aws

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// posted is what an endpoint was sent.
type posted struct {
	http.Header
	body                                                                 string
	Type, Token, TopicArn, Message, MessageId, Signature, UnsubscribeURL string
}

// hooked is an HTTP server of the test's; the next posts are answered with
// statuses, and then with 200.
func (s *session) hooked(statuses ...int) (url string, next func(kind string) posted) {
	s.Helper()
	got, answers := make(chan posted, 100), make(chan int, len(statuses))
	for _, status := range statuses {
		answers <- status
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		p := posted{Header: r.Header, body: string(b)}
		_ = json.Unmarshal(b, &p) // a raw one is none
		got <- p
		select {
		case status := <-answers:
			w.WriteHeader(status)
		default:
		}
	}))
	s.Cleanup(srv.Close)
	return srv.URL, func(kind string) posted {
		s.Helper()
		select {
		case p := <-got:
			equal(s, "type of the post", p.Get("x-amz-sns-message-type"), kind)
			return p
		case <-time.After(20 * time.Second):
			s.Fatalf("no %s came", kind)
			return posted{}
		}
	}
}

var endpointBehaviours = []behaviour{
	{name: "http: confirm, deliver, retry", run: func(s *session) {
		arn := s.topic()
		url, next := s.hooked(200, 500)
		policy := `{"healthyRetryPolicy":{"numRetries":1,"numNoDelayRetries":1}}`
		got := s.sns("Subscribe", in{"TopicArn": arn, "Protocol": "http", "Endpoint": url, "Attributes": pairs([]string{"DeliveryPolicy", policy})})
		equal(s, "before it is confirmed", got.SubscriptionArn, "pending confirmation")
		asked := next("SubscriptionConfirmation")
		s.fails("sns", "ConfirmSubscription", in{"TopicArn": arn, "Token": "guessed"}, want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: Token"})
		sub := s.sns("ConfirmSubscription", in{"TopicArn": arn, "Token": asked.Token}).SubscriptionArn
		sent := s.sns("Publish", in{"TopicArn": arn, "Message": hard})
		for range 2 { // the first is answered with 500
			p := next("Notification")
			equal(s, "id", p.MessageId, sent.MessageId)
			equal(s, "message", p.Message, hard)
			equal(s, "topic", p.TopicArn, arn)
			equal(s, "subscription", p.Get("x-amz-sns-subscription-arn"), sub)
			if p.Signature == "" || p.UnsubscribeURL == "" {
				s.Errorf("%s", p.body)
			}
		}
		s.sns("SetSubscriptionAttributes", in{"SubscriptionArn": sub, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"})
		s.sns("Publish", in{"TopicArn": arn, "MessageStructure": "json", "Message": `{"default":"for all","http":"for endpoints"}`})
		p := next("Notification")
		equal(s, "raw", p.body, "for endpoints")
		equal(s, "raw header", p.Get("x-amz-sns-rawdelivery"), "true")
		s.sns("Unsubscribe", in{"SubscriptionArn": sub})
		next("UnsubscribeConfirmation")
	}},
	{name: "http: into the dead-letter queue", run: func(s *session) {
		arn := s.topic()
		dead := s.queue("dead")
		url, next := s.hooked(200, 404)
		s.sns("Subscribe", in{"TopicArn": arn, "Protocol": "http", "Endpoint": url, "Attributes": pairs([]string{
			"RedrivePolicy", `{"deadLetterTargetArn":"` + s.arnOf(dead) + `"}`, "RawMessageDelivery", "true",
		})})
		s.sns("ConfirmSubscription", in{"TopicArn": arn, "Token": next("SubscriptionConfirmation").Token})
		s.sns("Publish", in{"TopicArn": arn, "Message": hard})
		next("Notification")
		m := s.receive(dead, 1)[0]
		equal(s, "body", m.Body, hard)
		equal(s, "why", m.MessageAttributes["ErrorCode"].StringValue, "404")
	}},
}
