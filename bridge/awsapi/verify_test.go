package awsapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/slipwaymq/slipway/bridge/awsapi"
)

// keys are the access keys of the tests: id -> secret, user.
var keys = map[string][2]string{"AKIDEXAMPLE": {"secret", "app"}, "123456789012": {"other", "ops"}}

func byAccessKey(id string) (secret, user string, ok bool) {
	k, ok := keys[id]
	return k[0], k[1], ok
}

func signed(cfg awsapi.Config) awsapi.Config {
	cfg.Verify = awsapi.Signatures{Secret: byAccessKey, Now: time.Now}.Verifier()
	return cfg
}

// TestSDKSigned: the real SDK over a real server, with a right and a wrong secret,
// an unknown key and a wrong clock; its errors are those that clients match on.
func TestSDKSigned(t *testing.T) {
	for _, c := range []struct {
		name, id, secret, token string
		offset                  time.Duration
		sqs, sns, text          string // error codes of the JSON and the Query service; "" is none
	}{
		{"right", "AKIDEXAMPLE", "secret", "", 0, "", "", ""},
		{"session token", "AKIDEXAMPLE", "secret", "token", 0, "", "", ""},
		{"wrong secret", "AKIDEXAMPLE", "guess", "", 0, "SignatureDoesNotMatch", "SignatureDoesNotMatch", "The request signature we calculated does not match"},
		{"unknown key", "AKIDOTHER", "secret", "", 0, "InvalidClientTokenId", "InvalidClientTokenId", "The security token included in the request is invalid."},
		{"slow clock", "AKIDEXAMPLE", "secret", "", time.Hour, "SignatureDoesNotMatch", "SignatureDoesNotMatch", "Signature expired: "},
		{"fast clock", "AKIDEXAMPLE", "secret", "", -time.Hour, "SignatureDoesNotMatch", "SignatureDoesNotMatch", "Signature not yet current: "},
	} {
		reg, call, _ := everything()
		server := config(reg)
		server.Verify = awsapi.Signatures{Secret: byAccessKey, Now: func() time.Time { return time.Now().Add(c.offset) }}.Verifier()
		url := serve(t, server).URL
		tr := &http.Transport{}
		cfg := aws.Config{
			Region: "ap-south-1", BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: tr},
			Credentials: credentials.NewStaticCredentialsProvider(c.id, c.secret, c.token),
			Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		}
		_, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{})
		wantCode(t, c.name+", SQS", err, c.sqs, c.text)
		if c.sqs == "" && (call.Principal != awsapi.Principal{User: "app", AccessKeyID: "AKIDEXAMPLE"} || call.Region != "ap-south-1") {
			t.Errorf("%s: %+v", c.name, call)
		}
		_, err = sns.NewFromConfig(cfg).ListTopics(t.Context(), &sns.ListTopicsInput{})
		wantCode(t, c.name+", SNS", err, c.sns, c.text)
		tr.CloseIdleConnections()
	}
}

func wantCode(t *testing.T, name string, err error, code, text string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code && api.ErrorCode() != jsonCodes[code] || !strings.HasPrefix(api.ErrorMessage(), text) {
		t.Errorf("%s: %v, want %s", name, err, code)
	}
}

// jsonCodes are what the SDK calls an error whose legacy code no model knows.
var jsonCodes = map[string]string{"SignatureDoesNotMatch": "InvalidSignatureException", "InvalidClientTokenId": "UnrecognizedClientException"}

// TestUnsigned: what a call without any signature is told, by service and form.
func TestUnsigned(t *testing.T) {
	const mailLink = "/?Action=Unsubscribe&Version=2010-03-31&SubscriptionArn=arn:aws:sns:us-east-1:1:t:id"
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		body   string
	}{
		{"SQS, JSON", jsonRequest("AmazonSQS.ListQueues", "{}"), 403, `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"Access to the resource http://localhost:4566/ is denied."}`},
		{"SQS, Query", queryRequest("/1/q", "Action=PurgeQueue"), 403, "<Code>AccessDenied</Code><Message>Access to the resource http://localhost:4566/1/q is denied.</Message>"},
		{"SNS", queryRequest("/", "Action=ListTopics&Version=2010-03-31"), 403, "<Code>MissingAuthenticationToken</Code><Message>Request is missing Authentication Token</Message>"},
		{"a link in a message", httptest.NewRequest("GET", "http://localhost"+mailLink, nil), 200, "UnsubscribeResponse"},
		{"a link with a wrong signature", httptest.NewRequest("GET", "http://localhost"+mailLink+"&X-Amz-Algorithm=x", nil), 400, "<Code>IncompleteSignature</Code>"},
	} {
		reg, call, _ := everything()
		status, _, body := do(t, signed(config(reg)), c.r)
		if status != c.status || !strings.Contains(body, c.body) || !call.Principal.Anonymous() {
			t.Errorf("%s: %d %s %+v", c.name, status, body, call.Principal)
		}
	}
	reg, call, _ := everything()
	cfg := config(reg)
	cfg.Verify = awsapi.Signatures{Secret: byAccessKey, Now: time.Now, Unsigned: func(c *awsapi.Call) bool { return c.Operation == "SendMessage" }}.Verifier()
	if status, _, body := do(t, cfg, jsonRequest("AmazonSQS.SendMessage", `{"QueueUrl":"q","MessageBody":"b"}`)); status != 200 || !call.Principal.Anonymous() {
		t.Error(status, body)
	}
}

// TestOtherServicesSignature: what was signed for one service is not good for another.
func TestOtherServicesSignature(t *testing.T) {
	reg, _, _ := everything()
	r := queryRequest("/", "Action=ListTopics&Version=2010-03-31")
	r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	r.Header.Set("Authorization", strings.Replace(strings.Replace(scope, "%", "sqs", 1), "20260101", time.Now().UTC().Format("20060102"), 1))
	if status, _, body := do(t, signed(config(reg)), r); status != 403 || !strings.Contains(body, "Credential should be scoped to correct service: &apos;sns&apos;.") &&
		!strings.Contains(body, "Credential should be scoped to correct service: 'sns'.") {
		t.Error(status, body)
	}
}

// TestSignedIdentity: sts:GetCallerIdentity names the user of the key.
func TestSignedIdentity(t *testing.T) {
	reg := newRegistry()
	awsapi.HandleSTS(reg)
	cl := sdk(t, serve(t, signed(config(reg))).URL)
	out, err := cl.STS.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil || *out.Arn != "arn:aws:iam::000000000000:user/app" || *out.UserId != "AKIDEXAMPLE" {
		t.Error(out, err)
	}
}
