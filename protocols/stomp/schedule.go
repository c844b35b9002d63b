package stomp

import "github.com/slipwaymq/slipway/core"

// Schedules in ActiveMQ's words, as seen with a running one but for a CRON with REPEAT.
//
//	AMQ_SCHEDULED_DELAY     ms; the first comes then [with a period: after that]
//	AMQ_SCHEDULED_REPEAT    how often it comes once more; without one of the other two it says nothing
//	AMQ_SCHEDULED_PERIOD    ms between them, at least 100; without REPEAT it comes once
//	AMQ_SCHEDULED_CRON      times of the calendar (core/cron), in the broker's zone. With REPEAT a series begins at
//	                        each of them, after DELAY; without, DELAY and PERIOD say nothing. It ends with the
//	                        message's expiry or its queue
//
// A CRON alone comes each time, as with a running ActiveMQ 5.17.2, whose parser was
// asked too (core/cron). With REPEAT there is what its documentation says: the running
// one sent nothing in two minutes. And of several that were due in the same minute it
// sent one.
//
// Each is a message of its own, with a message-id of its own. The schedule is its
// queue's: it goes with it, and purging the queue ends it. To a topic it is that of
// the queues of those who are subscribed when it is sent.

const (
	shortestPeriod = 100       // ms; as there
	maxRepeated    = 256 << 10 // bytes of a body: each time it is written anew
)

// schedule takes one of the headers; "" and 0 are none.
func schedule(m *core.Message, name, val string) (taken bool, err error) {
	if name == "AMQ_SCHEDULED_CRON" {
		m.Cron = val
		return val != "", nil
	}
	if val == "" || val == "0" {
		return false, nil
	}
	field, bits := &m.Every, 40
	if name == "AMQ_SCHEDULED_REPEAT" {
		field, bits = &m.Again, 31
	}
	*field, err = number(name, val, bits)
	return true, err
}

// scheduled puts together what the headers said.
func scheduled(m *core.Message, now int64) error {
	if m.Cron != "" && m.Again > 0 {
		m.CronDelay = max(0, m.DeliverAt-now)
		m.DeliverAt = now // the core says when
	}
	if m.Every > 0 && m.DeliverAt == 0 {
		m.DeliverAt = now + m.Every
	}
	switch {
	case m.Again == 0 || m.DeliverAt == 0:
		m.Every, m.Again = 0, 0
	default:
		m.Every = max(m.Every, shortestPeriod)
	}
	if (m.Again > 0 || m.Cron != "") && len(m.Body) > maxRepeated {
		return refuse("Over a limit", "a message that comes again has at most %d bytes", maxRepeated)
	}
	return nil
}
