package awsapi_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sigv4"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// TestRefusedInTheLog: the operator reads who was turned away, and from where; at
// most once a second, and not of what is wrong with a request of somebody known.
func TestRefusedInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg, out := newRegistry(), &bytes.Buffer{}
		var failure *awsapi.Error
		for _, op := range operations {
			op.handle(reg, func(*awsapi.Call, any, any) error { return failure })
		}
		cfg := config(reg)
		cfg.Log = slog.New(slog.NewTextHandler(out, nil))
		unknown := sigv4.InvalidSignature.New("no match\n\nThe Canonical String")
		var who error
		cfg.Verify = func(*awsapi.Call, *http.Request, []byte) (awsapi.Principal, error) {
			if who != nil {
				return awsapi.Principal{}, who
			}
			return awsapi.Principal{User: "app", AccessKeyID: "AKID"}, nil
		}
		edge := awsapi.New(cfg)
		for _, c := range []struct {
			wait    time.Duration
			who     error
			failure *awsapi.Error
			want    string // of the line; "": none
		}{
			{0, unknown, nil, `msg="AWS request refused" service=SQS action=ListQueues access_key=AKID user="" remote=192.0.2.1:1234 error="SignatureDoesNotMatch: no match" untold_before=0`},
			{time.Second / 2, unknown, nil, ""},
			{time.Second / 2, nil, wire.AccessDenied.New("no permission"), `access_key=AKID user=app remote=192.0.2.1:1234 error="AccessDenied: no permission" untold_before=1`},
			{time.Second, nil, snsapi.AuthorizationErrorException.New("no"), `error="AuthorizationError: no" untold_before=0`},
			{time.Second, nil, sqsapi.OverLimit.New("too many"), ""},
			{0, nil, wire.InvalidParameterValue.New("bad"), ""},
		} {
			time.Sleep(c.wait)
			who, failure = c.who, c.failure
			r := jsonRequest("AmazonSQS.ListQueues", "{}")
			r.Header.Set("Authorization", strings.Replace(scope, "%", "sqs", 1))
			out.Reset()
			_ = handle(edge, r).Body.Close()
			if got := out.String(); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		}
	})
}

// TestElsewhere: a service that is not here is named, whatever it speaks.
func TestElsewhere(t *testing.T) {
	signed := func(r *http.Request, service string) *http.Request {
		r.Header.Set("Authorization", strings.Replace(scope, "%", service, 1))
		return r
	}
	for _, r := range []*http.Request{
		signed(jsonRequest("DynamoDB_20120810.ListTables", "{}"), "dynamodb"),
		signed(queryRequest("/", "Action=ListMetrics&Version=2010-08-01"), "dynamodb"),
		signed(queryRequest("/bucket", ""), "dynamodb"),
	} {
		reg, _, _ := everything()
		if status, _, body := do(t, config(reg), r); status != 400 || !strings.Contains(body, "for the service dynamodb, and this endpoint has SQS, SNS, STS only") {
			t.Errorf("%d %s", status, body)
		}
	}
}
