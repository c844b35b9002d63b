package sqs

import (
	"encoding/json"

	"github.com/slipwaymq/slipway/core"
)

// A move task that is not over is kept in this tag of its source queue, which no
// client sees: tags are the part of a queue's definition that no door compares.
const tagMove = "slipway:move"

// savedMove is the tag's value. A field is never given another meaning.
type savedMove struct {
	ID          string `json:"id"`
	Handle      string `json:"handle"`
	SourceARN   string `json:"source"`
	Destination string `json:"destination,omitempty"`
	To          string `json:"to,omitempty"`
	Rate        int    `json:"rate,omitempty"`
	ToMove      int64  `json:"toMove"`
	Started     int64  `json:"started"`
}

// begin saves a task and has it run; false if one of its source is active.
func (ms *moves) begin(m *move) (ok bool, err error) {
	if !ms.enter(m) {
		return false, nil
	}
	if err := m.save(); err != nil {
		ms.withdraw(m)
		return false, err
	}
	ms.start(m)
	return true, nil
}

func (m *move) save() error {
	v, err := json.Marshal(savedMove{m.id, m.handle, m.sourceARN, m.destination, m.to, m.rate, m.toMove, m.started})
	if err != nil {
		return err
	}
	return m.source.Update(func(o *core.QueueOptions) error {
		if o.Tags == nil {
			o.Tags = map[string]string{}
		}
		o.Tags[tagMove] = string(v)
		return nil
	})
}

// unsave forgets a task that is over. If that fails the broker is ending, and the
// next one finds that there is nothing left to do.
func (m *move) unsave() {
	_ = m.source.Update(func(o *core.QueueOptions) error {
		delete(o.Tags, tagMove)
		return nil
	})
}

// Resume goes on with the move tasks that an earlier process had not finished in
// these namespaces. How far they got is counted by what is left.
func (s *Service) Resume(all ...*core.Namespace) {
	for _, ns := range all {
		for _, q := range ns.Queues("", true) {
			var saved savedMove
			if v, ok := q.Tag(tagMove); !ok || json.Unmarshal([]byte(v), &saved) != nil {
				continue
			}
			m := &move{
				id: saved.ID, handle: saved.Handle, source: q, sourceARN: saved.SourceARN, destination: saved.Destination, to: saved.To,
				rate: saved.Rate, toMove: saved.ToMove, started: saved.Started, moved: max(0, saved.ToMove-q.Counts().Ready),
			}
			if s.moves.enter(m) {
				s.moves.start(m)
			}
		}
	}
}
