package sqs_test

import (
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// MessageRetentionPeriod, 60 seconds to 14 days: to the second, over a restart,
// and what is over is no dead letter.
func TestRetentionPeriod(t *testing.T) {
	for _, period := range []struct {
		attribute string
		d         time.Duration
	}{{"60", time.Minute}, {"1209600", 14 * 24 * time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t)
			dlq := s.create("dlq", nil)
			url := s.create("q", map[string]string{"MessageRetentionPeriod": period.attribute,
				"RedrivePolicy": `{"deadLetterTargetArn":"` + s.arn(dlq) + `","maxReceiveCount":"1000"}`})
			s.send(url, "never received")
			s.send(url, "received once")
			s.change(url, s.receive(url)[0], 0)
			time.Sleep(period.d / 2)
			s.end()
			s = serveOn(t, s.store.Clone())
			time.Sleep(period.d - period.d/2 - time.Second)
			if a := s.attributes(url); a["ApproximateNumberOfMessages"] != "2" {
				t.Errorf("%v: a second before: %s messages", period.d, a["ApproximateNumberOfMessages"])
			}
			time.Sleep(time.Second)
			if ms := s.receive(url, wait(1)); len(ms) > 0 {
				t.Errorf("%v: at its end: %q", period.d, bodies(ms))
			}
			if a, d := s.attributes(url), s.attributes(dlq); a["ApproximateNumberOfMessages"] != "0" || d["ApproximateNumberOfMessages"] != "0" {
				t.Errorf("%v: at its end: %s messages, %s dead", period.d, a["ApproximateNumberOfMessages"], d["ApproximateNumberOfMessages"])
			}
		})
	}
}

// A shorter period counts for what is there already, and a longer one too.
func TestRetentionPeriodChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.create("q", map[string]string{"MessageRetentionPeriod": "120"})
		set := func(period string) {
			must(s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"MessageRetentionPeriod": period}}))(t)
		}
		count := func() string { return s.attributes(url)["ApproximateNumberOfMessages"] }
		s.send(url, "old")
		time.Sleep(100 * time.Second)
		s.send(url, "new")
		set("1209600")
		time.Sleep(50 * time.Second)
		if n := count(); n != "2" {
			t.Errorf("longer: %s messages", n)
		}
		set("60")
		time.Sleep(time.Second)
		if n := count(); n != "1" {
			t.Errorf("shorter: %s messages", n)
		}
		if ms := s.receive(url); bodies(ms) != "new" {
			t.Errorf("shorter: %q", bodies(ms))
		}
	})
}
