package admin

import (
	"net/http"
	"strings"
)

type sessionRow struct {
	Session string `json:"session"` // protocol/client id
	Queue   string `json:"queue"`
	queueCounts
}

type queueCounts struct {
	Ready    int64 `json:"ready"`
	InFlight int64 `json:"inFlight"`
	Bytes    int64 `json:"bytes"`
	Attached bool  `json:"consuming"` // somebody consumes the backlog now
}

type sessionList struct {
	Sessions []sessionRow `json:"sessions"`
	Next     string       `json:"next,omitempty"`
}

// sessionQueue is what core calls the backlog of a session.
const sessionQueue = "session/"

// sessions lists the backlogs of sessions, by name.
func (s *Service) sessions(w http.ResponseWriter, r *request) error {
	after, list := r.URL.Query().Get("after"), sessionList{Sessions: []sessionRow{}}
	for _, q := range r.ns.Queues(sessionQueue, true) {
		name := strings.TrimPrefix(q.Name(), sessionQueue)
		if name <= after || q.Options().Owner == "" {
			continue
		}
		if len(list.Sessions) == page {
			list.Next = list.Sessions[page-1].Session
			break
		}
		c := q.Counts()
		list.Sessions = append(list.Sessions, sessionRow{name, q.Name(), queueCounts{c.Ready, c.InFlight, c.Bytes, c.Consumers > 0}})
	}
	return answer(w, http.StatusOK, list)
}
