package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// sqsClient speaks SQS's JSON protocol over HTTP/1.1, requests made and signed
// by hand, one at a time on a connection.
type sqsClient struct{}

// Prepare implements Client: it creates the queue.
func (sqsClient) Prepare(t *Target) (func(), error) {
	if t.Route {
		return func() {}, nil // it is there
	}
	c := newSQSConn(t.Addr)
	defer c.close()
	if _, err := c.call("CreateQueue", fmt.Appendf(nil, `{"QueueName":%q,"Attributes":{"VisibilityTimeout":"600"}}`, t.Name)); err != nil {
		return nil, err
	}
	return func() {
		c := newSQSConn(t.Addr)
		defer c.close()
		if url, err := queueURL(c, t); err == nil {
			_, _ = c.call("DeleteQueue", fmt.Appendf(nil, `{"QueueUrl":%q}`, url)) // the peer ends soon anyway
		}
	}, nil
}

func queueURL(c *sqsConn, t *Target) (string, error) {
	queue := t.Name
	if t.Route {
		queue = "bench-route"
	}
	answer, err := c.call("GetQueueUrl", fmt.Appendf(nil, `{"QueueName":%q}`, queue))
	if err != nil {
		return "", err
	}
	url, _, ok := jsonText(answer, "QueueUrl")
	if !ok {
		return "", fmt.Errorf("GetQueueUrl: %s", answer)
	}
	return string(url), nil
}

// jsonText returns the first value of a key that is a text, as it stands
// between its quotes, and what follows it. It is no parser: it does for what
// SQS answers.
func jsonText(b []byte, key string) (value, rest []byte, ok bool) {
	at := bytes.Index(b, []byte(`"`+key+`"`))
	if at < 0 {
		return nil, nil, false
	}
	b = bytes.TrimLeft(b[at+len(key)+2:], ": \t\r\n")
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[1:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

// sendEntries makes a SendMessage or, of several bodies, a SendMessageBatch.
func sendEntries(b []byte, url string, bodies [][]byte) (string, []byte) {
	b = append(append(append(b[:0], `{"QueueUrl":"`...), url...), '"')
	if len(bodies) == 1 {
		b = append(append(b, `,"MessageBody":"`...), bodies[0]...)
		return "SendMessage", append(b, `"}`...)
	}
	b = append(b, `,"Entries":[`...)
	for i, body := range bodies {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"Id":"`...), int64(i), 10)
		b = append(append(append(b, `","MessageBody":"`...), body...), `"}`...)
	}
	return "SendMessageBatch", append(b, `]}`...)
}

// deleteEntries is the same for receipts, which are JSON as they came.
func deleteEntries(b []byte, url string, receipts [][]byte) (string, []byte) {
	b = append(append(append(b[:0], `{"QueueUrl":"`...), url...), '"')
	if len(receipts) == 1 {
		b = append(append(b, `,"ReceiptHandle":"`...), receipts[0]...)
		return "DeleteMessage", append(b, `"}`...)
	}
	b = append(b, `,"Entries":[`...)
	for i, receipt := range receipts {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"Id":"`...), int64(i), 10)
		b = append(append(append(b, `","ReceiptHandle":"`...), receipt...), `"}`...)
	}
	return "DeleteMessageBatch", append(b, `]}`...)
}

// batchDone looks for entries that failed.
func batchDone(action string, answer []byte) error {
	at := bytes.Index(answer, []byte(`"Failed"`))
	if at < 0 {
		return nil
	}
	if rest := bytes.TrimLeft(answer[at+8:], ": \t\r\n["); len(rest) > 0 && rest[0] == '{' {
		return fmt.Errorf("%s: %.300s", action, rest)
	}
	return nil
}
