package main

import (
	"errors"
	"fmt"
)

// A stompConsumer has one subscription. It acknowledges together what came
// together.
type stompConsumer struct {
	r        *stompReader
	confirm  bool
	received func([]byte)
	done     chan struct{}
	err      error // after done

	unseen int    // messages that are not acknowledged
	ack    []byte // an ACK for the last of them
}

// Consume implements Client.
func (stompClient) Consume(t *Target, _ int, received func([]byte)) (Consumer, error) {
	r, err := stompDial(t.Addr, 64<<10)
	if err != nil {
		return nil, err
	}
	settle := "ack:auto"
	if t.Confirm {
		settle = fmt.Sprintf("ack:client\nprefetch-count:%d\nactivemq.prefetchSize:%d", prefetch, prefetch)
	}
	subscribe := "SUBSCRIBE\nid:0\nreceipt:s\ndestination:" + t.destination() + "\n" + settle + "\n\n\x00"
	if err := r.ask(subscribe, "RECEIPT"); err != nil {
		return nil, errors.Join(err, r.c.Close())
	}
	k := &stompConsumer{r: r, confirm: t.Confirm, received: received, done: make(chan struct{})}
	go func() {
		for k.err == nil {
			k.err = k.read()
		}
		close(k.done)
	}()
	return k, nil
}

func (k *stompConsumer) read() error {
	f, err := k.r.next(k.settle)
	if err != nil {
		return err
	}
	if string(f.command) != "MESSAGE" {
		return f.unexpected()
	}
	k.received(f.body)
	if !k.confirm {
		return nil
	}
	id := f.header("\nack:")
	if id == nil {
		return f.unexpected()
	}
	k.ack = append(append(append(k.ack[:0], "ACK\nid:"...), id...), "\n\n\x00"...)
	if k.unseen++; k.unseen < ackEvery {
		return nil
	}
	return k.settle()
}

// settle acknowledges all that was received.
func (k *stompConsumer) settle() error {
	if k.unseen == 0 {
		return nil
	}
	k.unseen = 0
	_, err := k.r.c.Write(k.ack)
	return err
}

func (k *stompConsumer) Close() error {
	err := k.r.c.Close()
	<-k.done
	return errors.Join(err, stompClosed(k.err))
}
