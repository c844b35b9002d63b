package awsapi

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// refusedEvery is how often the log may say that requests are refused: a program
// with a wrong key polls.
const refusedEvery = time.Second

// refused counts the requests that were turned away because of who sent them.
type refused struct {
	mu     sync.Mutex
	told   time.Time // guarded by mu; when the log last said it
	before int       // guarded by mu; how many it has not told of
}

// due counts one and says whether it is told, and how many before it were not.
func (d *refused) due(now time.Time) (before int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.told.IsZero() && now.Sub(d.told) < refusedEvery {
		d.before++
		return 0, false
	}
	before, d.told, d.before = d.before, now, 0
	return before, true
}

// tellRefused has the operator know of an error that is about who sent the request:
// the client alone would.
func (t *turn) tellRefused(err error) {
	var e *Error
	if !errors.As(err, &e) || !t.unverified && e.Type != wire.AccessDenied && e.Type.QueryCode != "AuthorizationError" {
		return
	}
	before, ok := t.edge.refused.due(time.Now())
	if !ok {
		return
	}
	why, _, _ := strings.Cut(e.Message, "\n") // what should have been signed is for the client
	key := credentialOf(t.r).AccessKeyID
	t.call.log.Warn("AWS request refused", "service", t.serviceName(), "action", t.call.Operation, "access_key", key[:min(len(key), 128)],
		"user", t.call.Principal.User, "remote", t.call.Remote, "error", e.Type.QueryCode+": "+why, "untold_before", before)
}
