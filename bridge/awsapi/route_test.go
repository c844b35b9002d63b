package awsapi_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// everything is a registry that answers every operation with nothing, noting the call.
func everything() (*awsapi.Registry, *awsapi.Call, *any) {
	reg, call, input := newRegistry(), &awsapi.Call{}, new(any)
	for _, op := range operations {
		op.handle(reg, func(c *awsapi.Call, in, _ any) error {
			*call, *input = *c, in
			return nil
		})
	}
	return reg, call, input
}

const scope = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/%/aws4_request, SignedHeaders=host, Signature=00"

func TestRoute(t *testing.T) {
	get := func(url string) *http.Request { return httptest.NewRequest(http.MethodGet, url, nil) }
	signed := func(r *http.Request, service string) *http.Request {
		r.Header.Set("Authorization", strings.Replace(scope, "%", service, 1))
		return r
	}
	for _, c := range []struct {
		name, want string // service, action, protocol, region
		r          *http.Request
	}{
		{"target", "SQS ListQueues json us-east-1", jsonRequest("AmazonSQS.ListQueues", "{}")},
		{"target, no body", "SQS ListQueues json us-east-1", jsonRequest("AmazonSQS.ListQueues", "")},
		{"version", "SNS AddPermission query us-east-1", queryRequest("/", "Action=AddPermission&Version=2010-03-31&TopicArn=a&Label=l&AWSAccountId.member.1=1&ActionName.member.1=x")},
		{"version wins over scope", "SNS ListTopics query eu-west-1", signed(queryRequest("/", "Action=ListTopics&Version=2010-03-31"), "sqs")},
		{"scope", "SNS ListTopics query eu-west-1", signed(queryRequest("/", "Action=ListTopics"), "sns")},
		{"scope, unknown version", "SQS ListQueues query eu-west-1", signed(queryRequest("/", "Action=ListQueues&Version=2009-02-01"), "sqs")},
		{"unique action", "STS GetCallerIdentity query us-east-1", queryRequest("/", "Action=GetCallerIdentity")},
		{"get", "SQS ListQueues query us-east-1", get("http://localhost/?Action=ListQueues&Version=2012-11-05")},
		{"get on a queue path", "SQS DeleteQueue query us-east-1", get("http://localhost/000000000000/q?Action=DeleteQueue")},
		{"presigned", "SNS ListTopics query ap-south-1", get("http://localhost/?Action=ListTopics&X-Amz-Credential=A%2F20260101%2Fap-south-1%2Fsns%2Faws4_request")},
		{"split over body and query", "SQS PurgeQueue query us-east-1", queryRequest("/?Action=PurgeQueue", "QueueUrl=q")},
	} {
		reg, call, _ := everything()
		status, _, body := do(t, config(reg), c.r)
		if status != 200 {
			t.Errorf("%s: %d %s", c.name, status, body)
			continue
		}
		got := call.Service.Name + " " + call.Operation + " " + call.Protocol.String() + " " + call.Region
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestQueueFromPath(t *testing.T) {
	for _, c := range []struct{ path, form, want string }{
		{"/000000000000/orders", "Action=PurgeQueue", "/000000000000/orders"},
		{"/000000000000/orders", "Action=PurgeQueue&QueueUrl=other", "other"},
		{"/000000000000/orders", "Action=PurgeQueue&QueueUrl=", "/000000000000/orders"},
	} {
		reg, _, in := everything()
		if status, _, body := do(t, config(reg), queryRequest(c.path, c.form)); status != 200 {
			t.Fatal(status, body)
		}
		if got := (*in).(*sqsapi.PurgeQueueInput).QueueUrl.V; got != c.want {
			t.Errorf("%s %s: %q", c.path, c.form, got)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct{ host, external, credential, want string }{
		{"localhost:4566", "", "", "http://localhost:4566/000000000000/q"},
		{"127.0.0.1:9", "", "AKID", "http://127.0.0.1:9/000000000000/q"},
		{"sqs.us-east-1.localhost:4566", "", "123456789012", "http://sqs.us-east-1.localhost:4566/123456789012/q"},
		{"localhost:4566", "https://mq.example.com/", "", "https://mq.example.com/000000000000/q"},
	} {
		reg, call, _ := everything()
		cfg := config(reg)
		cfg.ExternalURL = c.external
		r := jsonRequest("AmazonSQS.ListQueues", "")
		r.Host = c.host
		if c.credential != "" {
			r.Header.Set("Authorization", strings.Replace(strings.Replace(scope, "%", "sqs", 1), "AKID", c.credential, 1))
		}
		if status, _, body := do(t, cfg, r); status != 200 {
			t.Fatal(status, body)
		}
		if got := call.QueueURL("q"); got != c.want {
			t.Errorf("%s: queue URL %s, want %s", c.host, got, c.want)
		}
	}
	call := awsapi.Call{Region: "cn-north-1", Account: "1"}
	if got := call.ARN("sqs", "q"); got != "arn:aws-cn:sqs:cn-north-1:1:q" {
		t.Error(got)
	}
}

// TestErrors: exact bodies of errors that the edge itself answers.
func TestErrors(t *testing.T) {
	const sqsHead = "<?xml version=\"1.0\"?>\n" + `<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type>`
	const snsHead = "<?xml version=\"1.0\"?>\n" + `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>`
	const tail = `<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>` + "\n"
	acceptJSON := httptest.NewRequest(http.MethodGet, "http://localhost/000000000000/q", nil)
	acceptJSON.Header.Set("Accept", "application/json")
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		legacy string
		body   string
	}{
		{"unknown target", jsonRequest("AmazonSQS.Nope", "{}"), 400, "InvalidAction;Sender",
			`{"__type":"com.amazon.coral.service#UnknownOperationException","message":"The action Nope is not valid for this endpoint."}`},
		{"missing member", jsonRequest("AmazonSQS.SendMessage", `{"QueueUrl":"q"}`), 400, "MissingParameter;Sender",
			`{"__type":"com.amazon.coral.service#MissingRequiredParameterException","message":"The request must contain the parameter MessageBody."}`},
		{"empty member", jsonRequest("AmazonSQS.SendMessage", `{"QueueUrl":"q","MessageBody":""}`), 400, "MissingParameter;Sender",
			`{"__type":"com.amazon.coral.service#MissingRequiredParameterException","message":"The request must contain the parameter MessageBody."}`},
		{"wrong type", jsonRequest("AmazonSQS.SendMessage", `{"QueueUrl":"q","DelaySeconds":"5"}`), 400, "MalformedInput;Sender",
			`{"__type":"com.amazon.coral.service#SerializationException","message":"STRING_VALUE can not be converted to an Integer"}`},
		{"missing, query", queryRequest("/", "Action=SendMessage&QueueUrl=q&Version=2012-11-05"), 400, "",
			sqsHead + `<Code>MissingParameter</Code><Message>The request must contain the parameter MessageBody.</Message><Detail/></Error>` + tail},
		{"not an integer", queryRequest("/", "Action=ReceiveMessage&QueueUrl=q&MaxNumberOfMessages=x"), 400, "",
			sqsHead + `<Code>MalformedInput</Code><Message>The value of the parameter MaxNumberOfMessages is not an integer</Message><Detail/></Error>` + tail},
		{"constraint", queryRequest("/", "Action=PublishBatch&Version=2010-03-31&TopicArn=a&PublishBatchRequestEntries.member.1.Id=1&PublishBatchRequestEntries.member.1.Message=m&PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Name=attr1"), 400, "",
			snsHead + `<Code>ValidationError</Code><Message>1 validation error detected: Value null at 'publishBatchRequestEntries.1.member.messageAttributes.attr1.member.dataType' failed to satisfy constraint: Member must not be null</Message></Error>` + tail},
		{"absent list", queryRequest("/", "Action=PublishBatch&Version=2010-03-31&TopicArn=a"), 400, "",
			snsHead + `<Code>ValidationError</Code><Message>1 validation error detected: Value null at 'publishBatchRequestEntries' failed to satisfy constraint: Member must not be null</Message></Error>` + tail},
		{"no action on a queue", acceptJSON, 404, "", "<UnknownOperationException/>\n"},
		{"unknown version", queryRequest("/", "Action=ListQueues&Version=1999-01-01"), 400, "",
			"<?xml version=\"1.0\"?>\n<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchVersion</Code><Message>The requested version ( 1999-01-01 ) is not valid.</Message></Error>" + tail},
	} {
		reg, _, _ := everything()
		status, h, body := do(t, config(reg), c.r)
		if status != c.status || body != c.body || h.Get("X-Amzn-Query-Error") != c.legacy {
			t.Errorf("%s: %d %s\n%s\nwant\n%s", c.name, status, h.Get("X-Amzn-Query-Error"), body, c.body)
		}
		if h.Get("X-Amzn-RequestId") == "" {
			t.Errorf("%s: no request id", c.name)
		}
	}
}

// TestUnknownError: the client gets no detail, the operator one line.
func TestUnknownError(t *testing.T) {
	for _, c := range []struct {
		r    *http.Request
		code string
		fail func() error
	}{
		{jsonRequest("AmazonSQS.ListQueues", ""), "#InternalFailure", func() error { return errors.New("secret") }},
		{queryRequest("/", "Action=ListTopics"), "<Code>InternalError</Code>", func() error { panic("secret") }},
	} {
		reg, log := newRegistry(), &bytes.Buffer{}
		for _, op := range operations {
			op.handle(reg, func(*awsapi.Call, any, any) error { return c.fail() })
		}
		cfg := config(reg)
		cfg.Log = slog.New(slog.NewTextHandler(log, nil))
		status, _, body := do(t, cfg, c.r)
		if status != 500 || !strings.Contains(body, c.code) || strings.Contains(body, "secret") {
			t.Errorf("%d %s", status, body)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "secret") {
			t.Errorf("log has %d lines: %s", n, log)
		}
	}
}

// TestVerify: the seam sees the raw body, its principal reaches the handler, its
// error is the answer, and with it the guard stands aside.
func TestVerify(t *testing.T) {
	reg, call, _ := everything()
	cfg := config(reg)
	cfg.Verify = func(_ *awsapi.Call, _ *http.Request, body []byte) (awsapi.Principal, error) {
		if string(body) != "{}" {
			return awsapi.Principal{}, wire.AccessDenied.New("no")
		}
		return awsapi.Principal{User: "app", AccessKeyID: "AK"}, nil
	}
	r := jsonRequest("AmazonSQS.ListQueues", "{}")
	r.Host = "mq.example.com"
	if status, _, body := do(t, cfg, r); status != 200 || call.Principal.User != "app" {
		t.Errorf("%d %s %+v", status, body, call.Principal)
	}
	if status, _, _ := do(t, cfg, jsonRequest("AmazonSQS.ListQueues", "{ }")); status != 403 {
		t.Errorf("status %d", status)
	}
}

// TestErrorTable holds the generated and the general error types against the codes
// and statuses that were recorded from AWS (rows of aws-errors.tsv; its texts are
// the services' to test).
func TestErrorTable(t *testing.T) {
	f, err := os.Open("testdata/error-codes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.Comment, r.FieldsPerRecord = '\t', '#', 5
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	general := []*wire.ErrorType{wire.InvalidParameterValue, wire.MissingParameter, wire.Validation}
	types := map[string][]*wire.ErrorType{"sqs": append(general, sqsapi.Errors...), "sns": append(general, snsapi.Errors...)}
	for _, row := range rows {
		status, _ := strconv.Atoi(row[4])
		found := false
		for _, e := range types[row[0]] {
			found = found || e.QueryCode == row[1] && (row[2] == "" || e.Code == row[2]) && e.Status == status && e.New("").Fault() == row[3]
		}
		if !found {
			t.Errorf("no error type answers %v", row)
		}
	}
	if len(rows) < 20 {
		t.Errorf("only %d rows", len(rows))
	}
}

func TestRegistry(t *testing.T) {
	reg := newRegistry()
	awsapi.HandleSTS(reg)
	defer func() {
		if recover() == nil {
			t.Error("a second handler of an operation was accepted")
		}
	}()
	if got := reg.Handled(sqsapi.Service); got != nil {
		t.Errorf("handled: %v", got)
	}
	awsapi.HandleSTS(reg)
}

// TestCallLog: a handler's log line can be found by the request id that the client has.
func TestCallLog(t *testing.T) {
	reg, out := newRegistry(), &bytes.Buffer{}
	awsapi.Handle(reg, sqsapi.ListQueues, func(_ context.Context, c *awsapi.Call, _ *sqsapi.ListQueuesInput) (*sqsapi.ListQueuesOutput, error) {
		c.Log().Info("hello")
		return &sqsapi.ListQueuesOutput{}, nil
	})
	cfg := config(reg)
	cfg.Log = slog.New(slog.NewTextHandler(out, nil))
	do(t, cfg, jsonRequest("AmazonSQS.ListQueues", ""))
	if !strings.Contains(out.String(), "request_id=00000000-0000-4000-8000-000000000000") || !strings.Contains(out.String(), "action=ListQueues") {
		t.Error(out)
	}
}
