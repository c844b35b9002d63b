package crash

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// stompConn is a client of STOMP 1.2 that writes ahead of its receipts, which no
// library does.
type stompConn struct {
	t       testing.TB
	nc      net.Conn
	in      *bufio.Reader
	mu      sync.Mutex
	out     *bufio.Writer     // guarded by mu
	room    chan struct{}     // one for each receipt that is awaited
	receipt func(id string)   // read loop only
	message func(h, b string) // read loop only; its ack id and body
}

// dialSTOMP connects; nil if the broker is gone.
func dialSTOMP(t testing.TB, b *daemon.Broker, wire string) *stompConn {
	nc, err := doors.Dial(b, "stomp", wire)
	if err != nil {
		return nil
	}
	s := &stompConn{t: t, nc: nc, in: bufio.NewReader(nc), out: bufio.NewWriter(nc), room: make(chan struct{}, window)}
	if !s.send(true, "CONNECT", "", "accept-version:1.2", "host:/") {
		return nil
	}
	if text, err := s.in.ReadString(0); err != nil || !strings.HasPrefix(text, "CONNECTED") {
		return nil
	}
	return s
}

// send reports whether the connection still takes something.
func (s *stompConn) send(flush bool, command, body string, headers ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := fmt.Fprintf(s.out, "%s\n%s\n\n%s\x00", command, strings.Join(headers, "\n"), body)
	if err == nil && flush {
		err = s.out.Flush()
	}
	return err == nil
}

// await takes one place of the window; false at the end. With none left what was
// written is sent.
func (s *stompConn) await(end <-chan struct{}) bool {
	select {
	case s.room <- struct{}{}:
		return true
	default:
	}
	s.mu.Lock()
	_ = s.out.Flush() // its end is seen by the read loop
	s.mu.Unlock()
	select {
	case s.room <- struct{}{}:
		return true
	case <-end:
		return false
	}
}

// read handles what comes until the connection ends, which closes end.
func (s *stompConn) read(end chan<- struct{}) {
	defer close(end)
	defer s.nc.Close() //nolint:errcheck // it is over
	for {
		text, err := s.in.ReadString(0)
		if err != nil {
			return
		}
		head, body, _ := strings.Cut(strings.TrimSuffix(strings.TrimLeft(text, "\n"), "\x00"), "\n\n")
		fields := map[string]string{}
		lines := strings.Split(head, "\n")
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ":")
			fields[name] = value
		}
		switch lines[0] {
		case "RECEIPT":
			s.receipt(fields["receipt-id"])
			select {
			case <-s.room:
			default: // who acknowledges awaits nothing
			}
		case "ERROR":
			s.t.Errorf("%s", text)
		case "MESSAGE":
			s.message(fields["ack"], body)
		}
	}
}

// bySTOMP sends with receipts until the connection breaks.
func bySTOMP(t testing.TB, b *daemon.Broker, wire, queue, name string, l *ledger) {
	s := dialSTOMP(t, b, wire)
	if s == nil {
		return
	}
	s.receipt = func(id string) { l.note(l.kept, id) }
	end := make(chan struct{})
	go s.read(end)
	for n := 0; s.await(end); n++ {
		body := fmt.Sprintf("%s-%d", name, n)
		l.note(l.sent, body)
		s.send(false, "SEND", body, "destination:/queue/"+queue, "persistent:true", "receipt:"+body)
	}
}

// stompParts are the queues that each transaction puts one message into.
var stompParts = []string{"stomp-tx-a", "stomp-tx-b", "stomp-tx-c"}

// byTransactions commits until the connection breaks.
func byTransactions(t testing.TB, b *daemon.Broker, wire, name string, l *ledger) {
	s := dialSTOMP(t, b, wire)
	if s == nil {
		return
	}
	s.receipt = func(id string) { l.note(l.kept, id) }
	end := make(chan struct{})
	go s.read(end)
	for n := 0; s.await(end); n++ {
		tx := fmt.Sprintf("%s-%d", name, n)
		l.note(l.sent, tx)
		s.send(false, "BEGIN", "", "transaction:"+tx)
		for _, q := range stompParts {
			s.send(false, "SEND", tx, "destination:/queue/"+q, "persistent:true", "transaction:"+tx)
		}
		s.send(false, "COMMIT", "", "transaction:"+tx, "receipt:"+tx)
	}
}

// eatSTOMP takes and acknowledges with receipts until the connection breaks.
func eatSTOMP(t testing.TB, b *daemon.Broker, wire, queue string, l *ledger) {
	s := dialSTOMP(t, b, wire)
	if s == nil {
		return
	}
	s.receipt = func(id string) { l.note(l.deleted, id) }
	s.message = func(ack, body string) {
		l.note(l.taken, body)
		s.send(true, "ACK", "", "id:"+ack, "receipt:"+body)
	}
	end := make(chan struct{})
	go s.read(end)
	s.send(true, "SUBSCRIBE", "", "id:s", "ack:client-individual", "prefetch-count:50", "destination:/queue/"+queue)
	<-end
}

// TestKillSTOMP: receipts, transactions and acknowledgements through kill -9.
func TestKillSTOMP(t *testing.T) {
	kills, each := 2, 2500
	if inCI() {
		kills, each = 4, 8000
	}
	o := daemon.Options{Dir: t.TempDir(), Config: doors.Config(t, "")}
	plain, eaten, txs := newLedger(), newLedger(), newLedger()
	kept := func() int { return plain.count(plain.kept) + eaten.count(eaten.kept) + txs.count(txs.kept) }
	b := daemon.Start(t, o)
	for round := range kills {
		before := kept()
		until := before + each + rand.IntN(each/10)
		var clients sync.WaitGroup
		for i := range 3 {
			clients.Go(func() { bySTOMP(t, b, wire(i), "stomp-plain", fmt.Sprintf("p%d.%d", round, i), plain) })
		}
		clients.Go(func() { bySTOMP(t, b, wire(3), "stomp-eaten", fmt.Sprintf("e%d", round), eaten) })
		clients.Go(func() { eatSTOMP(t, b, wire(round), "stomp-eaten", eaten) })
		clients.Go(func() { byTransactions(t, b, wire(round+3), fmt.Sprintf("t%d", round), txs) })
		daemon.Eventually(t, 5*time.Minute, "enough receipts", func() bool { return kept() >= until })
		b.Kill(t)
		clients.Wait()
		b = daemon.Start(t, o)
	}
	t.Logf("%d sends, %d transactions and %d acknowledgements had their receipt", plain.count(plain.kept)+eaten.count(eaten.kept), txs.count(txs.kept), eaten.count(eaten.deleted))
	checkSTOMP(t.Context(), t, b, plain, eaten, txs)
	b.Stop(t)
}

// checkSTOMP takes out everything, by SQS, and holds it against the books.
func checkSTOMP(ctx context.Context, t *testing.T, b *daemon.Broker, plain, eaten, txs *ledger) {
	t.Helper()
	c := client.SQS(t, b.AWS)
	found := func(queue string) map[string]int {
		all := map[string]int{}
		client.ReceiveAll(ctx, t, c, urlOf(b, queue), 0, func(m types.Message) { all[*m.Body]++ })
		return all
	}
	for queue, l := range map[string]*ledger{"stomp-plain": plain, "stomp-eaten": eaten} {
		for _, complaint := range l.audit(found(queue)) {
			t.Errorf("%s: %s", queue, complaint)
		}
	}
	parts := map[string]int{}
	for _, queue := range stompParts {
		all := found(queue)
		for _, complaint := range txs.audit(all) {
			t.Errorf("%s: %s", queue, complaint)
		}
		for body := range all {
			parts[body]++
		}
	}
	for tx, n := range parts {
		if n != len(stompParts) {
			t.Errorf("of transaction %s only %d parts are there", tx, n)
		}
	}
}
