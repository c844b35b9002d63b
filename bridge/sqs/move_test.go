package sqs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// deadLetters are n messages that died in a queue with a dead-letter queue.
func (s *server) deadLetters(n int) (queue, dead *string) {
	s.Helper()
	dead = s.create("dead", nil)
	queue = s.create("work", map[string]string{"VisibilityTimeout": "0",
		"RedrivePolicy": `{"deadLetterTargetArn":"` + s.arn(dead) + `","maxReceiveCount":1}`})
	for i := range n {
		s.send(queue, fmt.Sprint(i))
	}
	for range n/5 + 2 {
		s.receive(queue)
	}
	synctest.Wait()
	if got := s.attributes(dead)["ApproximateNumberOfMessages"]; got != fmt.Sprint(n) {
		s.Fatalf("%s dead letters, not %d", got, n)
	}
	return queue, dead
}

func (s *server) startMove(source, destination string, rate int32) (*string, error) {
	in := &sdk.StartMessageMoveTaskInput{SourceArn: &source}
	if destination != "" {
		in.DestinationArn = &destination
	}
	if rate != 0 {
		in.MaxNumberOfMessagesPerSecond = &rate
	}
	out, err := s.client.StartMessageMoveTask(s.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.TaskHandle, nil
}

func (s *server) tasks(source string, most int32) []types.ListMessageMoveTasksResultEntry {
	s.Helper()
	return must(s.client.ListMessageMoveTasks(s.Context(), &sdk.ListMessageMoveTasksInput{SourceArn: &source, MaxResults: aws.Int32(most)}))(s).Results
}

func TestMoveToSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		queue, dead := s.deadLetters(7)
		source := s.arn(dead)
		handle := must(s.startMove(source, "", 0))(t)
		time.Sleep(time.Second)
		all := s.tasks(source, 10)
		if len(all) != 1 || *all[0].Status != "COMPLETED" || all[0].ApproximateNumberOfMessagesMoved != 7 || *all[0].ApproximateNumberOfMessagesToMove != 7 ||
			all[0].TaskHandle != nil || all[0].DestinationArn != nil || all[0].MaxNumberOfMessagesPerSecond != nil || all[0].StartedTimestamp == 0 {
			b, _ := json.Marshal(all)
			t.Errorf("%s", b)
		}
		if w, d := s.attributes(queue)["ApproximateNumberOfMessages"], s.attributes(dead)["ApproximateNumberOfMessages"]; w != "7" || d != "0" {
			t.Errorf("%s in the queue, %s dead", w, d)
		}
		_, err := s.client.CancelMessageMoveTask(t.Context(), &sdk.CancelMessageMoveTaskInput{TaskHandle: handle})
		if got := code(err); got != "ResourceNotFoundException: Task does not exist." {
			t.Errorf("cancelled what is done: %s", got)
		}
	})
}

// The rate is kept, there is one task at a time, and it can be cancelled.
func TestMoveRateAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		_, dead := s.deadLetters(30)
		other := s.create("other", nil)
		source, destination := s.arn(dead), s.arn(other)
		handle := must(s.startMove(source, destination, 2))(t)
		if _, err := s.startMove(source, "", 0); code(err) != "InvalidParameterValue: There is already a task running. Only one active task is allowed for a source queue arn at a given time." {
			t.Error(err)
		}
		time.Sleep(5*time.Second + 50*time.Millisecond)
		task := s.tasks(source, 1)[0]
		if *task.Status != "RUNNING" || task.ApproximateNumberOfMessagesMoved != 11 || *task.DestinationArn != destination || *task.MaxNumberOfMessagesPerSecond != 2 || *task.TaskHandle != *handle {
			b, _ := json.Marshal(task)
			t.Errorf("%s", b)
		}
		if out := must(s.client.CancelMessageMoveTask(t.Context(), &sdk.CancelMessageMoveTaskInput{TaskHandle: handle}))(t); out.ApproximateNumberOfMessagesMoved != 11 {
			t.Errorf("cancelled after %d", out.ApproximateNumberOfMessagesMoved)
		}
		time.Sleep(time.Minute)
		task = s.tasks(source, 1)[0]
		if n := s.attributes(other)["ApproximateNumberOfMessages"]; *task.Status != "CANCELLED" || n != "11" || task.TaskHandle != nil {
			t.Errorf("%s, %s moved", *task.Status, n)
		}
		must(s.startMove(source, destination, 500))(t)
		time.Sleep(time.Second)
		if all := s.tasks(source, 10); len(all) != 2 || *all[0].Status != "COMPLETED" || all[0].ApproximateNumberOfMessagesMoved != 19 || *all[1].Status != "CANCELLED" {
			t.Errorf("%v", all)
		}
	})
}

// A task that the process did not finish goes on with the next one, which can
// cancel it; no client sees where it is kept.
func TestMoveGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		_, dead := s.deadLetters(30)
		source, destination := s.arn(dead), s.arn(s.create("other", nil))
		handle := must(s.startMove(source, destination, 2))(t)
		tags := must(s.client.ListQueueTags(t.Context(), &sdk.ListQueueTagsInput{QueueUrl: dead}))(t).Tags
		must(s.client.UntagQueue(t.Context(), &sdk.UntagQueueInput{QueueUrl: dead, TagKeys: []string{"slipway:move"}}))(t)
		if len(tags) > 0 {
			t.Errorf("%v", tags)
		}
		time.Sleep(5*time.Second + 50*time.Millisecond)
		s.end()

		s = serveOn(t, s.store.Clone())
		task := s.tasks(source, 1)[0]
		if *task.Status != "RUNNING" || task.ApproximateNumberOfMessagesMoved < 11 || *task.TaskHandle != *handle || *task.DestinationArn != destination {
			b, _ := json.Marshal(task)
			t.Errorf("%s", b)
		}
		if _, err := s.startMove(source, "", 0); err == nil {
			t.Error("a second task of one source")
		}
		time.Sleep(5 * time.Second)
		must(s.client.CancelMessageMoveTask(t.Context(), &sdk.CancelMessageMoveTaskInput{TaskHandle: handle}))(t)
		synctest.Wait()
		n := s.attributes(&[]string{strings.Replace(*dead, "dead", "other", 1)}[0])["ApproximateNumberOfMessages"]
		if task = s.tasks(source, 1)[0]; *task.Status != "CANCELLED" || n != fmt.Sprint(task.ApproximateNumberOfMessagesMoved) {
			t.Errorf("%s, %d moved, %s there", *task.Status, task.ApproximateNumberOfMessagesMoved, n)
		}
		s.end()
		if s = serveOn(t, s.store.Clone()); len(s.tasks(source, 10)) > 0 {
			t.Error("what is over goes on")
		}
	})
}

// Messages whose queue is gone stay, and the task says so.
func TestMoveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		queue, dead := s.deadLetters(3)
		source := s.arn(dead)
		s.create("feeder", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + source + `","maxReceiveCount":1}`})
		must(s.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: queue}))(t)
		must(s.startMove(source, "", 0))(t)
		time.Sleep(10 * time.Second)
		if task := s.tasks(source, 1)[0]; *task.Status != "FAILED" || *task.FailureReason != "CouldNotDetermineMessageSource" {
			t.Errorf("%s", *task.Status)
		}
		if n := s.attributes(dead)["ApproximateNumberOfMessages"]; n != "3" {
			t.Errorf("%s are left", n)
		}
		other := s.create("other", nil)
		must(s.startMove(source, s.arn(other), 1))(t)
		must(s.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: other}))(t)
		time.Sleep(10 * time.Second)
		if task := s.tasks(source, 1)[0]; *task.Status != "FAILED" || *task.FailureReason != "AWS.SimpleQueueService.NonExistentQueue" {
			t.Errorf("%s", *task.Status)
		}
	})
}

func TestMoveErrors(t *testing.T) {
	s := serve(t)
	dead := s.create("dead", nil)
	s.create("dead.fifo", map[string]string{"FifoQueue": "true"})
	source := s.arn(dead)
	s.create("work", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + source + `","maxReceiveCount":1}`})
	named := func(name string) string { return strings.Replace(source, ":dead", ":"+name, 1) }
	for _, tt := range []struct {
		source, destination string
		rate                int32
		want                string
	}{
		{named("none"), "", 0, "ResourceNotFoundException: The resource that you specified for the SourceArn parameter doesn't exist."},
		{named("work"), "", 0, "InvalidParameterValue: Source queue must be configured as a Dead Letter Queue."},
		{source, named("none"), 0, "ResourceNotFoundException: The resource that you specified for the DestinationArn parameter doesn't exist."},
		{source, named("dead.fifo"), 0, "InvalidParameterValue: The destination must be another queue of the same type, account and region as the source."},
		{source, source, 0, "InvalidParameterValue: The destination must be another queue of the same type, account and region as the source."},
		{source, "", 501, "InvalidParameterValue: Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided."},
		{source, "", -1, "InvalidParameterValue: Value -1 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided."},
		{"dead", "", 0, "InvalidParameterValue: Value dead for parameter SourceArn is invalid. Reason: Invalid ARN format."},
	} {
		if _, err := s.startMove(tt.source, tt.destination, tt.rate); code(err) != tt.want {
			t.Errorf("%s to %s: %s", tt.source, tt.destination, code(err))
		}
	}
	for handle, want := range map[string]string{
		"!": "InvalidParameterValue: Value for parameter TaskHandle is invalid.", "e30=": "InvalidParameterValue: Value for parameter TaskHandle is invalid.",
	} {
		if _, err := s.client.CancelMessageMoveTask(t.Context(), &sdk.CancelMessageMoveTaskInput{TaskHandle: &handle}); code(err) != want {
			t.Errorf("%s: %s", handle, code(err))
		}
	}
	if _, err := s.client.ListMessageMoveTasks(t.Context(), &sdk.ListMessageMoveTasksInput{SourceArn: &source, MaxResults: aws.Int32(11)}); !strings.HasPrefix(code(err), "InvalidParameterValue: Value 11 for parameter MaxResults") {
		t.Error(err)
	}
	if got := s.tasks(source, 10); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
