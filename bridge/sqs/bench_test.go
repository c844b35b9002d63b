package sqs_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/sqs"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// benchEdge is the service without net/http and without a disk.
func benchEdge(b *testing.B) http.Handler {
	br, err := core.New(memstore.New(memstore.Options{}), core.Options{Clock: clock{}, Rand: rand.Reader, Fatal: func(err error) { b.Error(err) }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { br.Close() })
	reg := awsapi.NewRegistry(sqsapi.Service)
	service := sqs.New(&awsapi.Backend{Namespace: awsapi.DefaultNamespace(br)})
	b.Cleanup(service.Close)
	service.Register(reg)
	return awsapi.New(awsapi.Config{Registry: reg, Account: "000000000000", Region: "us-east-1", Log: slog.New(slog.DiscardHandler)})
}

// do sends one request of the JSON protocol again and again.
type do struct {
	edge http.Handler
	r    *http.Request
	w    *httptest.ResponseRecorder
	body string
}

func request(edge http.Handler, action, body string) *do {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	return &do{edge, r, &httptest.ResponseRecorder{Body: &bytes.Buffer{}}, body}
}

func (d *do) once(b *testing.B) string {
	d.r.Body = io.NopCloser(strings.NewReader(d.body))
	d.r.ContentLength = int64(len(d.body))
	d.w.Body.Reset()
	d.w.Code = http.StatusOK
	d.edge.ServeHTTP(d.w, d.r)
	if d.w.Code != http.StatusOK {
		b.Fatal(d.w.Body.String())
	}
	return d.w.Body.String()
}

const benchQueue = `"QueueUrl":"http://localhost:4566/000000000000/bench"`

// BenchmarkSend is a SendMessage of 256 bytes.
func BenchmarkSend(b *testing.B) {
	edge := benchEdge(b)
	request(edge, "CreateQueue", `{"QueueName":"bench"}`).once(b)
	send := request(edge, "SendMessage", `{`+benchQueue+`,"MessageBody":"`+strings.Repeat("x", 256)+`"}`)
	b.ReportAllocs()
	for b.Loop() {
		send.once(b)
	}
}

// BenchmarkSendReceiveDelete is the whole life of a message of 256 bytes.
func BenchmarkSendReceiveDelete(b *testing.B) {
	edge := benchEdge(b)
	request(edge, "CreateQueue", `{"QueueName":"bench"}`).once(b)
	send := request(edge, "SendMessage", `{`+benchQueue+`,"MessageBody":"`+strings.Repeat("x", 256)+`"}`)
	receive := request(edge, "ReceiveMessage", `{`+benchQueue+`}`)
	drop := request(edge, "DeleteMessage", "")
	b.ReportAllocs()
	for b.Loop() {
		send.once(b)
		_, rest, found := strings.Cut(receive.once(b), `"ReceiptHandle":"`)
		receipt, _, _ := strings.Cut(rest, `"`)
		if !found {
			b.Fatal("nothing came")
		}
		drop.body = `{` + benchQueue + `,"ReceiptHandle":"` + receipt + `"}`
		drop.once(b)
	}
}
