package main

import "strconv"

// A stompProducer sends to one destination.
type stompProducer struct {
	publisher
	head     []byte // of every SEND, up to the receipt's number
	receipts uint64
}

// Produce implements Client.
func (stompClient) Produce(t *Target, _ int, confirmed func(int)) (Producer, error) {
	r, err := stompDial(t.Addr, 16<<10)
	if err != nil {
		return nil, err
	}
	p := &stompProducer{head: sendHead(t)}
	p.init(r.c, t, confirmed)
	acked := 0
	tell := func() error {
		p.settled(acked)
		acked = 0
		return nil
	}
	go p.listen(func() error {
		f, err := r.next(tell)
		if err == nil && string(f.command) != "RECEIPT" {
			err = f.unexpected()
		}
		acked++
		return err
	})
	return p, nil
}

func sendHead(t *Target) []byte {
	head := "SEND\ndestination:" + t.destination()
	if t.Confirm {
		return []byte(head + "\npersistent:true\nreceipt:")
	}
	return []byte(head + "\npersistent:false")
}

func (p *stompProducer) Send(body []byte) error {
	if err := p.admit(); err != nil {
		return err
	}
	p.out = append(p.out, p.head...)
	if p.confirm {
		p.receipts++
		p.out = strconv.AppendUint(p.out, p.receipts, 10)
	}
	p.out = strconv.AppendInt(append(p.out, "\ncontent-length:"...), int64(len(body)), 10)
	p.out = append(append(append(p.out, "\n\n"...), body...), 0)
	return p.written()
}

func (p *stompProducer) Close() error { return p.leave([]byte("DISCONNECT\n\n\x00")) }
