package storms

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// Clients of every door over every wire connect all at once, put a message each, take
// one and go, several times over. Nobody is refused, who was there before does not
// notice, and every message that was confirmed was taken by somebody or is there.
// (An acknowledgement may not leave with a client that goes at once.)
func TestConnectionStorm(t *testing.T) {
	const each, rounds = 12, 3
	b := daemon.Start(t, daemon.Options{Config: doors.Config(t, "")})
	c := client.SQS(t, b.AWS)
	steady := map[string]doors.Client{}
	for _, door := range doors.Names {
		client.CreateQueue(t.Context(), t, c, queueOf("steady", door), nil)
		steady[door] = doors.MustOpen(t, b, door, queueOf("steady", door))
	}
	var storm sync.WaitGroup
	s := &stormed{confirmed: map[string]bool{}, taken: map[string]bool{}}
	for _, door := range doors.Everywhere {
		client.CreateQueue(t.Context(), t, c, queueOf("storm", door), nil)
		for i := range each {
			storm.Go(func() {
				for round := range rounds {
					if err := s.comeWorkAndGo(t, b, door, fmt.Sprint(door, " ", i, " ", round)); err != nil {
						t.Errorf("%s, client %d, round %d: %v", door, i, round, err)
					}
				}
			})
		}
	}
	done := make(chan struct{})
	go func() { storm.Wait(); close(done) }()
	for over := false; !over; {
		for _, door := range doors.Names {
			begun := time.Now()
			doors.Echo(t, steady[door], door)
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("%s: a message took %v beside the storm", door, took)
			}
		}
		select {
		case <-done:
			over = true
		default:
		}
	}
	for _, door := range doors.Everywhere {
		url := "http://" + b.AWS + "/" + client.Account + "/" + queueOf("storm", door)
		client.ReceiveAll(t.Context(), t, c, url, 0, func(m types.Message) { s.taken[*m.Body] = true })
	}
	for body := range s.confirmed {
		if !s.taken[body] {
			t.Errorf("%s was confirmed and is lost", body)
		}
	}
	if want := len(doors.Everywhere) * each * rounds; len(s.confirmed) != want || len(s.taken) != want {
		t.Errorf("%d confirmed, %d taken or there, of %d", len(s.confirmed), len(s.taken), want)
	}
	b.Stop(t)
}

// stormed is what became of a storm's messages.
type stormed struct {
	mu               sync.Mutex
	confirmed, taken map[string]bool // guarded by mu while the storm lasts
}

// comeWorkAndGo puts one message and takes one, whosever.
func (s *stormed) comeWorkAndGo(t *testing.T, b *daemon.Broker, door, body string) error {
	c, err := doors.Open(t, b, door, queueOf("storm", door))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Put(body, client.Patience); err != nil {
		return err
	}
	got, err := c.Take(client.Patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.confirmed[body] = true
	if err == nil {
		s.taken[got] = true
	}
	return err
}
