package sqs_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// A poll that waits ends without a message if its user may not receive any more
// when one comes; the message is the next one's, as new.
func TestPollOfWhoMayNotAnyMore(t *testing.T) {
	for _, fifo := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			anonymous := core.AnonymousPrincipal()
			var who atomic.Pointer[core.Principal]
			who.Store(anonymous)
			s := serve(t, func(b *awsapi.Backend) {
				b.Principal = func(awsapi.Principal) *core.Principal { return who.Load() }
			})
			url := s.create("q", nil)
			if fifo {
				url = s.fifo("q")
			}
			polled := make(chan error)
			go func() {
				out, err := s.client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
				if out != nil && len(out.Messages) > 0 {
					t.Errorf("fifo %v: who may not was given %q", fifo, bodies(out.Messages))
				}
				polled <- err
			}()
			time.Sleep(5 * time.Second)
			who.Store(&core.Principal{})
			m := core.Message{Body: []byte("secret"), GroupID: "g", DedupID: "1", Durable: true}
			name := (*url)[strings.LastIndexByte(*url, '/')+1:]
			if _, err := s.ns.Publish(t.Context(), &core.Publication{Message: &m, To: core.QueueAddress(name)}); err != nil {
				t.Fatal(err)
			}
			if err := <-polled; err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("fifo %v: %v", fifo, err)
			}
			who.Store(anonymous)
			ms := s.receive(url)
			if bodies(ms) != "secret" {
				t.Fatalf("fifo %v: then %q", fifo, bodies(ms))
			}
			if ms[0].Attributes["ApproximateReceiveCount"] != "1" {
				t.Errorf("fifo %v: then %v", fifo, ms[0].Attributes)
			}
		})
	}
}
