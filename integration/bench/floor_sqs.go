package main

import (
	"bufio"
	"net"
	"strings"
)

// sqs serves one connection: what is sent is logged before the answer, all else
// is answered at once. Nothing can be received.
func (f *floor) sqs(c net.Conn) error {
	r := bufio.NewReaderSize(c, 32<<10)
	for {
		b := newFloorBatch()
		action, buf, err := readRequest(r, b.buf)
		if err != nil {
			return goneIs(err)
		}
		b.buf, b.producer, b.confirms = buf, c, append(b.confirms, sqsYes...)
		if strings.HasPrefix(action, "SendMessage") {
			err = f.log.commit(b)
		} else {
			b.done()
		}
		if err != nil {
			return err
		}
	}
}
