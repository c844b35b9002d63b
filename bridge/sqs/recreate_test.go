package sqs_test

import (
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// TestRecreate: where it is configured, a deleted queue's name is refused for a
// while, as in AWS; elsewhere it is free at once.
func TestRecreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		name := "q"
		again := func() string {
			t.Helper()
			_, err := s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: &name})
			return code(err)
		}
		remove := func() {
			t.Helper()
			url := "http://localhost:4566/000000000000/q"
			must(s.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: &url}))(t)
		}
		s.create(name, nil)
		remove()
		if got := again(); got != "" {
			t.Error(got)
		}
		s.sqs.RecreateAfter(time.Minute)
		remove()
		time.Sleep(59 * time.Second)
		const want = "AWS.SimpleQueueService.QueueDeletedRecently: You must wait 60 seconds after deleting a queue before you can create another with the same name."
		if got := again(); got != want {
			t.Error(got)
		}
		s.create("other", nil)
		time.Sleep(time.Second)
		if got := again(); got != "" {
			t.Error(got)
		}
		if got := again(); got != "" { // it is there, and the same
			t.Error(got)
		}
	})
}
