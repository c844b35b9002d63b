package bounds

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// poll sends one ReceiveMessage that waits, as an SDK writes it, and reads its
// answer in the background.
func poll(b *daemon.Broker, url string, answered func(bodies []string, err error)) error {
	conn, err := net.Dial("tcp", b.AWS)
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"QueueUrl":%q,"WaitTimeSeconds":20,"MaxNumberOfMessages":1}`, url)
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-amz-json-1.0\r\n"+
		"X-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: %d\r\n\r\n%s", b.AWS, len(body), body)
	if err != nil {
		conn.Close()
		return err
	}
	go func() {
		defer conn.Close()
		answered(readPoll(conn))
	}()
	return nil
}

func readPoll(conn net.Conn) (bodies []string, err error) {
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 1024), nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	var out struct{ Messages []struct{ Body string } }
	err = json.NewDecoder(res.Body).Decode(&out)
	for _, m := range out.Messages {
		bodies = append(bodies, m.Body)
	}
	return bodies, err
}

// Ten thousand waiting long polls over a hundred queues: they cost next to
// nothing while they wait, and each message that comes wakes one of them.
func TestTenThousandLongPolls(t *testing.T) {
	const polls, queues = 10_000, 100
	b := daemon.Start(t, daemon.Options{Env: []string{"SLIPWAY_LIMITS_MAX_CONNECTIONS=12000"}})
	c := client.SQS(t, b.AWS)
	var urls []string
	for i := range queues {
		urls = append(urls, client.CreateQueue(t.Context(), t, c, fmt.Sprint("q", i), nil))
	}
	empty, err := resident(b.PID())
	if err != nil {
		t.Fatal(err)
	}

	var ended sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	none := 0
	ended.Add(polls)
	for i := range polls {
		err := poll(b, urls[i%queues], func(bodies []string, err error) {
			defer ended.Done()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("a poll ended with %v", err)
			}
			if len(bodies) == 0 {
				none++
			}
			for _, s := range bodies {
				got[s]++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	waiting, err := resident(b.PID())
	if err != nil {
		t.Fatal(err)
	}
	before := cpu(t, b.PID())
	<-time.After(2 * time.Second)
	t.Logf("%d polls wait: %d bytes of memory each, %v of processor time in 2 s", polls, (waiting-empty)/polls, cpu(t, b.PID())-before)

	fill(t, c, urls, polls/queues)
	ended.Wait()
	if none > 0 || len(got) != polls {
		t.Errorf("%d polls got nothing, %d different messages came", none, len(got))
	}
	for body, n := range got {
		if n != 1 {
			t.Errorf("%q came %d times", body, n)
		}
	}
}

// fill sends n different messages to each queue.
func fill(t *testing.T, c *sqs.Client, urls []string, n int) {
	t.Helper()
	for _, url := range urls {
		for i := 0; i < n; i += 10 {
			in := &sqs.SendMessageBatchInput{QueueUrl: &url}
			for j := range 10 {
				id, body := fmt.Sprint(j), fmt.Sprint(url[strings.LastIndex(url, "/"):], " ", i+j)
				in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body})
			}
			if out, err := c.SendMessageBatch(t.Context(), in); err != nil || len(out.Failed) > 0 {
				t.Fatalf("%v, %v", err, out)
			}
		}
	}
}
