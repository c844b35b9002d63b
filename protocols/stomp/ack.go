package stomp

import (
	"sort"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// ACK and NACK.
//
//	1.2     id: the header ack of the MESSAGE, or its message-id
//	1.1     message-id, subscription
//	1.0     message-id; ACK only, but NACK is taken too
//	client               this one and all before it of its subscription
//	client-individual    this one
//	auto                 nothing to acknowledge: ignored, as brokers do
//	transaction          happens with it, and comes back when it is aborted
//	NACK                 back into the queue; requeue:false dead-letters (RabbitMQ). In ActiveMQ's dialect without
//	                     requeue: this one alone is dead-lettered, if its queue has somewhere to go for dead letters
//	RECEIPT              when it is on disk; without one that is within 10 ms

func (c *conn) ack(f *wire.Frame, seq uint64) (bool, error) {
	return c.acknowledge(f, seq, core.Ack)
}

func (c *conn) nack(f *wire.Frame, seq uint64) (bool, error) {
	how := core.Requeue
	if f.Value("requeue") == "false" {
		how = core.Reject
	}
	return c.acknowledge(f, seq, how)
}

func (c *conn) acknowledge(f *wire.Frame, seq uint64, how core.Settlement) (bool, error) {
	name := "id"
	if c.version < wire.V12 {
		name = "message-id"
	}
	id, ok := f.Get(name)
	if !ok {
		return false, missing(f.Command, name)
	}
	s, number, ok := c.acknowledged(id)
	if !ok {
		return false, refuse("Message not found", "there is no unacknowledged message %s", id)
	}
	var list []held
	if _, said := f.Get("requeue"); how == core.Requeue && !said && c.buries(s, number) {
		how, list = core.Reject, c.takenAlone(s, number)
	} else {
		list = c.taken(s, number)
	}
	if name, ok := f.Get("transaction"); ok {
		return false, c.settleLater(name, s, how, list)
	}
	if len(list) == 0 {
		return false, nil // acknowledged already, or it needs none
	}
	if seq == 0 {
		settle(list, how)
		return false, nil
	}
	g := &core.Group{Settlements: settlementsOf(list, how), Confirm: c, Token: seq} // which is durable before it is confirmed
	return true, c.pub.Commit(g)
}

// acknowledged finds what an id is of. A subscription that has ended is none: its
// messages went back.
func (c *conn) acknowledged(id string) (s *subscription, number uint64, ok bool) {
	short := id[strings.LastIndexByte(id, '@')+1:]
	sub, num, ok := strings.Cut(short, ".")
	if !ok {
		return nil, 0, isMessageID(short) // of a subscription that acknowledges nothing
	}
	n, err := strconv.ParseUint(sub, 10, 64)
	number, err2 := strconv.ParseUint(num, 10, 64)
	if err != nil || err2 != nil || n == 0 || n > c.lastSub {
		return nil, 0, false
	}
	return c.byNumber[n], number, true
}

// isMessageID says that an id looks like that of a message without more.
func isMessageID(id string) bool { return len(id) == 36 && id[8] == '-' && id[13] == '-' }

// taken takes what is acknowledged by a number off the subscription.
func (c *conn) taken(s *subscription, number uint64) (list []held) {
	if s == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s.mode {
	case individual:
		if h, ok := s.byNumber[number]; ok {
			delete(s.byNumber, number)
			list = []held{h}
		}
	case cumulative:
		n := sort.Search(len(s.unsettled), func(i int) bool { return s.unsettled[i].number > number })
		if n > 0 && s.unsettled[n-1].number == number {
			list = s.unsettled[:n:n]
			s.unsettled = s.unsettled[n:]
		}
	}
	return list
}

// buries says whether a NACK dead-letters.
func (c *conn) buries(s *subscription, number uint64) bool {
	if s == nil || !s.activeMQ {
		return false
	}
	c.mu.Lock()
	h, ok := s.byNumber[number]
	if i := s.unsettledAt(number); i >= 0 {
		h, ok = s.unsettled[i], true
	}
	c.mu.Unlock()
	return ok && h.consumer.Queue().Effective().DeadLetter.Kind != core.NoAddress
}

// unsettledAt finds what is acknowledged by a number, in a cumulative subscription;
// -1: nothing is. Lock held.
func (s *subscription) unsettledAt(number uint64) int {
	i := sort.Search(len(s.unsettled), func(i int) bool { return s.unsettled[i].number >= number })
	if i < len(s.unsettled) && s.unsettled[i].number == number {
		return i
	}
	return -1
}

// takenAlone is taken without what came before.
func (c *conn) takenAlone(s *subscription, number uint64) []held {
	if s.mode != cumulative {
		return c.taken(s, number)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := s.unsettledAt(number)
	if i < 0 {
		return nil
	}
	h := s.unsettled[i]
	s.unsettled = append(s.unsettled[:i:i], s.unsettled[i+1:]...)
	return []held{h}
}

// giveBack undoes taken.
func (c *conn) giveBack(s *subscription, list []held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s.mode {
	case individual:
		for _, h := range list {
			s.byNumber[h.number] = h
		}
	case cumulative:
		s.unsettled = append(append(make([]held, 0, len(list)+len(s.unsettled)), list...), s.unsettled...)
		sort.Slice(s.unsettled, func(i, j int) bool { return s.unsettled[i].number < s.unsettled[j].number })
	}
}
