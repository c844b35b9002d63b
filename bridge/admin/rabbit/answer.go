package rabbit

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

// row is one thing as the API shows it.
type row map[string]any

// answer writes v as JSON. A client that has gone away is nobody to tell.
func answer(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	head(w)
	w.WriteHeader(status)
	_, _ = w.Write(text)
	return nil
}

func head(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// done answers what has nothing to say.
func done(w http.ResponseWriter, created bool) error {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if created {
		w.WriteHeader(http.StatusCreated)
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

func empty(w http.ResponseWriter, _ *request) error { return answer(w, http.StatusOK, []row{}) }

// An apiError is an answer in RabbitMQ's form.
type apiError struct {
	status int
	Short  string `json:"error"`
	Reason string `json:"reason"`
}

func (e *apiError) Error() string { return e.Short + ": " + e.Reason }

func invalid(short, reason string) error { return &apiError{http.StatusBadRequest, short, reason} }

var (
	notFound error = &apiError{http.StatusNotFound, "Object Not Found", "Not Found"}
	denied   error = &apiError{http.StatusUnauthorized, "not_authorised", "Access refused."}
)

// refused is denied for a reason that RabbitMQ gives.
func refused(why string) error { return &apiError{http.StatusUnauthorized, "not_authorised", why} }

// missing is what is not found on the way to something else.
func missing(reason, kind, name, vhost string) error {
	return &apiError{http.StatusNotFound, "not_found", reason + "no " + kind + " '" + name + "' in vhost '" + vhost + "'"}
}

// inUse says in RabbitMQ's words why something was not deleted.
func inUse(err error, what string) error {
	switch core.KindOf(err) {
	case core.InUse:
		return invalid("bad_request", what+" in use")
	case core.NotEmpty:
		return invalid("bad_request", what+" not empty")
	}
	return err
}

// required says in RabbitMQ's words which of the keys a body lacks.
func required(keys ...[2]string) error {
	var lacks []string
	for _, k := range keys {
		if k[1] == "" {
			lacks = append(lacks, "{key_missing,"+k[0]+"}")
		}
	}
	if lacks == nil {
		return nil
	}
	return invalid("bad_request", "["+strings.Join(lacks, ",")+"]")
}

// lacking is required of keys that may be there and empty.
func lacking(keys map[string]bool) error {
	var all [][2]string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if keys[k] {
			all = append(all, [2]string{k})
		}
	}
	return required(all...)
}

// absent refuses to set what there is not.
func absent(http.ResponseWriter, *request) error {
	return invalid("bad_request", "slipway has no such thing; what it has is set in its configuration, or by policies")
}

// fail is the one place where an error becomes an answer.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = ofCore(err)
	}
	if e.status == http.StatusInternalServerError {
		s.cfg.Log.Error("management request failed", "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr, "error", err)
	}
	_ = answer(w, e.status, e) // two texts are always JSON
}

func ofCore(err error) *apiError {
	var e *core.Error
	if !errors.As(err, &e) {
		return &apiError{http.StatusInternalServerError, "internal_error", "the request failed inside the broker; its log says why"}
	}
	switch e.Kind {
	case core.NotFound:
		return &apiError{http.StatusNotFound, "Object Not Found", "Not Found"}
	case core.Denied:
		return &apiError{http.StatusUnauthorized, "not_authorised", "Access refused."}
	case core.Closed, core.NoSpace:
		return &apiError{http.StatusServiceUnavailable, "service_unavailable", e.Msg}
	case core.Internal:
		return &apiError{http.StatusInternalServerError, "internal_error", "the request failed inside the broker; its log says why"}
	}
	return &apiError{http.StatusBadRequest, "bad_request", e.Msg}
}
