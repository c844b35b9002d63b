package admin

import (
	"fmt"
	"net/http"
)

// health says that the process lives. A store that has failed ends it, so there
// is a moment at most in which this is not 200.
func (s *Service) health(w http.ResponseWriter, _ *http.Request) {
	if s.cfg.Store != nil {
		if m := s.cfg.Store(); m.Failed != nil {
			say(w, http.StatusServiceUnavailable, "the store has failed")
			return
		}
	}
	say(w, http.StatusOK, "ok")
}

// ready says whether new messages are taken.
func (s *Service) ready(w http.ResponseWriter, _ *http.Request) {
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(); err != nil {
			say(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
