package main

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// An sqsConsumer receives and deletes, one message or Batch of them at a time.
type sqsConsumer struct {
	c        *sqsConn
	url      string
	batch    int
	refill   bool
	received func([]byte)
	closing  atomic.Bool
	done     chan struct{}
	err      error // after done

	bodies, receipts [][]byte
	text             []byte
}

// Consume implements Client.
func (sqsClient) Consume(t *Target, _ int, received func([]byte)) (Consumer, error) {
	k := &sqsConsumer{c: newSQSConn(t.Addr), batch: max(t.Batch, 1), refill: t.Refill, received: received, done: make(chan struct{})}
	url, err := queueURL(k.c, t)
	if err != nil {
		return nil, err
	}
	k.url = url
	go func() {
		k.err = k.run()
		close(k.done)
	}()
	return k, nil
}

func (k *sqsConsumer) run() error {
	defer k.c.close()
	ask := fmt.Appendf(nil, `{"QueueUrl":%q,"MaxNumberOfMessages":%d,"WaitTimeSeconds":1}`, k.url, k.batch)
	for !k.closing.Load() {
		answer, err := k.c.call("ReceiveMessage", ask)
		if err != nil {
			return err
		}
		if err := k.split(answer); err != nil {
			return err
		}
		if len(k.receipts) == 0 {
			continue
		}
		for _, body := range k.bodies {
			k.received(body)
		}
		action, text := deleteEntries(k.text, k.url, k.receipts)
		k.text = text
		if err := k.change(action, text); err != nil {
			return err
		}
		if k.refill {
			action, k.text = sendEntries(k.text, k.url, k.bodies)
			if err := k.change(action, k.text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *sqsConsumer) change(action string, text []byte) error {
	answer, err := k.c.call(action, text)
	if err == nil {
		err = batchDone(action, answer)
	}
	return err
}

// split copies bodies and receipts out of an answer. Body and ReceiptHandle
// may come in any order, one of each a message.
func (k *sqsConsumer) split(answer []byte) error {
	k.bodies, k.receipts = k.each(k.bodies, answer, "Body"), k.each(k.receipts, answer, "ReceiptHandle")
	if len(k.bodies) != len(k.receipts) {
		return errors.New("as many bodies as receipts were expected")
	}
	return nil
}

func (k *sqsConsumer) each(into [][]byte, answer []byte, key string) [][]byte {
	into = into[:0]
	for {
		value, rest, ok := jsonText(answer, key)
		if !ok {
			return into
		}
		if len(into) < cap(into) {
			into = into[:len(into)+1]
			into[len(into)-1] = append(into[len(into)-1][:0], value...)
		} else {
			into = append(into, append([]byte(nil), value...))
		}
		answer = rest
	}
}

// Close waits for the request that is under way.
func (k *sqsConsumer) Close() error {
	k.closing.Store(true)
	<-k.done
	return k.err
}
