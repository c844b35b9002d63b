package main

import "time"

// An sqsProducer sends one message, or Batch of them, with each request.
type sqsProducer struct {
	c         *sqsConn
	url       string
	batch     int
	bodies    [][]byte
	n         int // of bodies that wait
	text      []byte
	confirmed func(int)
}

// Produce implements Client.
func (sqsClient) Produce(t *Target, _ int, confirmed func(int)) (Producer, error) {
	p := &sqsProducer{c: newSQSConn(t.Addr), batch: max(t.Batch, 1), confirmed: confirmed}
	p.bodies = make([][]byte, p.batch)
	url, err := queueURL(p.c, t)
	p.url = url
	return p, err
}

func (p *sqsProducer) Send(body []byte) error {
	p.bodies[p.n] = append(p.bodies[p.n][:0], body...)
	if p.n++; p.n < p.batch {
		return nil
	}
	return p.Flush()
}

func (p *sqsProducer) Flush() error {
	if p.n == 0 {
		return nil
	}
	var action string
	action, p.text = sendEntries(p.text, p.url, p.bodies[:p.n])
	answer, err := p.c.call(action, p.text)
	if err == nil {
		err = batchDone(action, answer)
	}
	if err == nil {
		p.confirmed(p.n)
	}
	p.n = 0
	return err
}

func (p *sqsProducer) Finish(time.Time) error { return p.Flush() }

func (p *sqsProducer) Close() error {
	p.c.close()
	return nil
}
