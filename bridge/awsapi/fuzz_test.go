package awsapi_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
)

// FuzzEdge: whatever comes over the wire, the edge answers, and a request that no
// handler failed is never an internal failure (a panic would be one).
func FuzzEdge(f *testing.F) {
	f.Add("POST", "/", "", "AmazonSQS.SendMessageBatch", "", `{"QueueUrl":"q","Entries":[{"Id":"1","MessageBody":"b"}]}`)
	f.Add("POST", "/000000000000/q", "", "", scope, "Action=SendMessage&MessageBody=x")
	f.Add("GET", "/000000000000/q", "Action=ListTopics&X-Amz-Credential=A%2F1%2Feu-west-1%2Fsns%2Faws4_request", "", "", "")
	f.Add("POST", "/", "Version=2011-06-15", "", "", "Action=AssumeRole&PolicyArns.member.1.arn=a&Tags.member.3.Key=")
	reg, _, _ := everything()
	cfg := config(reg)
	cfg.MaxBody = 64 << 10
	edge := awsapi.New(cfg)
	f.Fuzz(func(t *testing.T, method, path, query, target, auth, body string) {
		r := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: "localhost", Header: http.Header{},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Authorization", auth)
		switch status := record(edge, r); status {
		case 200, 400, 404, 413:
		default:
			t.Errorf("status %d", status)
		}
	})
}
