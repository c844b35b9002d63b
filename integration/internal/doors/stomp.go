package doors

import (
	"errors"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

type stompClient struct {
	c    *stomp.Conn
	dest string
	sub  *stomp.Subscription // nil before the first Take
}

// receiptTime bounds how long the library waits for a RECEIPT: longer than a test
// keeps a client whose SEND waits, since the library hangs for ever at the end of
// its connection if a receipt was given up before.
var receiptTime = time.Minute

// ReceiptTime is that for the STOMP clients of a test that ends the broker: there
// the library does not end before it has given up.
func ReceiptTime(t testing.TB, d time.Duration) {
	t.Helper()
	before := receiptTime
	receiptTime = d
	t.Cleanup(func() { receiptTime = before })
}

func openSTOMP(b *daemon.Broker, wire, queue string) (Client, error) {
	nc, err := Dial(b, "stomp", wire)
	if err != nil {
		return nil, err
	}
	c, err := stomp.Connect(nc, stomp.ConnOpt.Host("/"), stomp.ConnOpt.RcvReceiptTimeout(receiptTime),
		stomp.ConnOpt.DisconnectReceiptTimeout(time.Second), stomp.ConnOpt.MsgSendTimeout(time.Second),
		stomp.ConnOpt.Logger(silent{}))
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	return &stompClient{c: c, dest: "/queue/" + queue}, nil
}

func (s *stompClient) Put(body string, d time.Duration) error {
	sent := make(chan error, 1)
	go func() { // ends with the receipt, the connection or the timeout of receipts
		sent <- s.c.Send(s.dest, "text/plain", []byte(body), stomp.SendOpt.Receipt, stomp.SendOpt.Header("persistent", "true"))
	}()
	select {
	case err := <-sent:
		return err
	case <-time.After(d):
		return ErrNoConfirm
	}
}

func (s *stompClient) Take(d time.Duration) (body string, err error) {
	if s.sub == nil {
		s.sub, err = s.c.Subscribe(s.dest, stomp.AckClientIndividual, stomp.SubscribeOpt.Header("prefetch-count", "1"))
		if err != nil {
			return "", err
		}
	}
	select {
	case m, ok := <-s.sub.C:
		switch {
		case !ok:
			return "", ErrRefused
		case m.Err != nil:
			return "", m.Err
		}
		return string(m.Body), s.c.Ack(m)
	case <-time.After(d):
		return "", ErrNone
	}
}

func (s *stompClient) Close() { _ = s.c.MustDisconnect() } // the broker may be gone

// silent keeps the library from writing to standard error what errors say.
type silent struct{}

func (silent) Debugf(string, ...any)   {}
func (silent) Infof(string, ...any)    {}
func (silent) Warningf(string, ...any) {}
func (silent) Errorf(string, ...any)   {}
func (silent) Debug(string)            {}
func (silent) Info(string)             {}
func (silent) Warning(string)          {}
func (silent) Error(string)            {}
