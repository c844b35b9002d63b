package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

const signers = `
namespaces: [{name: two, account_id: "222222222222", region: us-east-1}]
queues: [{name: orders}, {name: secret}, {name: orders, namespace: two}]
topics: [{name: sensors}]
users:
  - {name: root, access_keys: [{id: ROOT, secret: rootsecret}], permissions: [{allow: [configure, write, read], queues: ["*"], topics: ["#"]}]}
  - {name: sender, access_keys: [{id: SENDER, secret: sendersecret}], permissions: [{allow: [write], queues: ["orders*"], topics: ["sensors/#"]}]}
  - {name: reader, access_keys: [{id: READER, secret: readersecret}], permissions: [{allow: [read], queues: [orders]}]}
  - {name: two, namespace: two, access_keys: [{id: TWO, secret: twosecret}], permissions: [{allow: [write, read], queues: [orders]}]}
`

// signer is the SDK's clients with one access key.
type signer struct {
	sqs *sqs.Client
	sns *sns.Client
}

func signAs(t *testing.T, url, id, secret string, region ...string) signer {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &url, HTTPClient: &http.Client{Transport: inOnePiece{tr}},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }, Credentials: aws.AnonymousCredentials{},
	}
	if len(region) > 0 {
		cfg.Region = region[0]
	}
	if id != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, "")
	}
	return signer{sqs.NewFromConfig(cfg), sns.NewFromConfig(cfg)}
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

func (s signer) send(ctx context.Context, queue string) error {
	_, err := s.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("x")})
	return err
}

func (s signer) receive(ctx context.Context, queue string) error {
	_, err := s.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue})
	return err
}

func (s signer) purge(ctx context.Context, queue string) error {
	_, err := s.sqs.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &queue})
	return err
}

func (s signer) publish(ctx context.Context, topic string) error {
	_, err := s.sns.Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:us-east-1:000000000000:" + topic), Message: aws.String("x")})
	return err
}

func (s signer) createTopic(ctx context.Context, name string) error {
	_, err := s.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	return err
}

// Whose signature it is, and what that user may do: through the SDK.
func TestSigned(t *testing.T) {
	in, err := start(settings(t, signers), quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + address(t, in.doors.opened, "aws")
	root, sender, reader, two := signAs(t, url, "ROOT", "rootsecret"), signAs(t, url, "SENDER", "sendersecret"), signAs(t, url, "READER", "readersecret"), signAs(t, url, "TWO", "twosecret")
	wrong, unknown, unsigned := signAs(t, url, "SENDER", "guess"), signAs(t, url, "AKIANOBODY", "guess"), signAs(t, url, "", "")
	const own, other = "/000000000000/", "/222222222222/"
	ctx := t.Context()
	for _, tt := range []struct {
		name string
		err  error
		want string // beginning of "code: text"; "" is no error
	}{
		{"root sends", root.send(ctx, url+own+"secret"), ""},
		{"root receives", root.receive(ctx, url+own+"secret"), ""},
		{"root purges", root.purge(ctx, url+own+"secret"), ""},
		{"root publishes", root.publish(ctx, "sensors"), ""},
		{"root creates a topic", root.createTopic(ctx, "more"), ""},
		{"write, send", sender.send(ctx, url+own+"orders"), ""},
		{"write, send elsewhere", sender.send(ctx, url+own+"secret"), "AccessDenied"},
		{"write, receive", sender.receive(ctx, url+own+"orders"), "AccessDenied"},
		{"write, purge", sender.purge(ctx, url+own+"orders"), "AccessDenied"},
		{"write, publish", sender.publish(ctx, "sensors"), ""},
		{"write, publish elsewhere", sender.publish(ctx, "more"), "AuthorizationError: "},
		{"write, create a topic", sender.createTopic(ctx, "sensors"), "AuthorizationError: "},
		{"read, receive", reader.receive(ctx, url+own+"orders"), ""},
		{"read, send", reader.send(ctx, url+own+"orders"), "AccessDenied"},
		{"no topics", reader.publish(ctx, "sensors"), "AuthorizationError: "},
		{"own namespace", two.send(ctx, url+other+"orders"), ""},
		{"own namespace, another's queue of that name", two.send(ctx, url+own+"orders"), "AccessDenied"},
		{"even the default's root", root.send(ctx, url+other+"orders"), "AccessDenied"},
		{"wrong secret, SQS", wrong.send(ctx, url+own+"orders"), "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided."},
		{"wrong secret, SNS", wrong.publish(ctx, "sensors"), "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided."},
		{"unknown key, SQS", unknown.send(ctx, url+own+"orders"), "InvalidClientTokenId: The security token included in the request is invalid."},
		{"unknown key, SNS", unknown.publish(ctx, "sensors"), "InvalidClientTokenId: The security token included in the request is invalid."},
		{"unsigned, SQS", unsigned.send(ctx, url+own+"orders"), "AccessDenied"},
		{"unsigned, SNS", unsigned.publish(ctx, "sensors"), "MissingAuthenticationToken: "},
	} {
		if got := codeOf(tt.err); tt.want == "" && tt.err != nil || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, not %q (%v)", tt.name, got, tt.want, tt.err)
		}
	}
	if urls, err := two.sqs.ListQueues(ctx, &sqs.ListQueuesInput{}); err != nil || len(urls.QueueUrls) != 1 || !strings.HasSuffix(urls.QueueUrls[0], other+"orders") {
		t.Errorf("queues of the user of namespace two: %+v, %v", urls, err)
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}

// Where anonymous is allowed, strangers' keys are nobody's, and users are still users.
func TestStrangers(t *testing.T) {
	in, err := start(settings(t, "aws: {allow_anonymous: true}"+signers), quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + address(t, in.doors.opened, "aws")
	queue := url + "/000000000000/orders"
	for _, tt := range []struct{ id, secret, want string }{
		{"", "", ""}, {"test", "test", ""}, {"READER", "readersecret", "AccessDenied"}, {"READER", "wrong", "SignatureDoesNotMatch"},
	} {
		if got := codeOf(signAs(t, url, tt.id, tt.secret).send(t.Context(), queue)); (got == "") != (tt.want == "") || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q: %q, not %q", tt.id, got, tt.want)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, queue+"?Action=SendMessage&Version=2012-11-05&MessageBody=x", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusForbidden {
		t.Errorf("a web page's request: %s", res.Status)
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}

func codeOf(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return ""
	}
	return e.ErrorCode() + ": " + e.ErrorMessage()
}
