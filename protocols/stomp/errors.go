package stomp

import (
	"errors"
	"fmt"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// Why a connection ends, beside *refusal, *wire.Error and those of protocols.
var (
	errGoodbye  = errors.New("the client said goodbye")
	errPanicked = errors.New("the handler panicked")
)

// A refusal ends the connection with an ERROR frame.
type refusal struct {
	short   string // its message header
	detail  string // its body; "" for none
	receipt string // of the frame that it is about; "" for none
}

func (r *refusal) Error() string {
	if r.detail == "" {
		return r.short
	}
	return r.short + ": " + r.detail
}

func refuse(short, format string, args ...any) *refusal {
	return &refusal{short: short, detail: fmt.Sprintf(format, args...)}
}

func missing(command, header string) error {
	return refuse("Missing header", "%s needs the header %s", command, header)
}

// shorts are the message headers for the core's kinds of error: the one place
// that turns those into STOMP.
var shorts = map[core.Kind]string{
	core.NotFound: "Not found", core.Exists: "Precondition failed", core.Invalid: "Invalid request", core.Denied: "Access refused", core.Full: "Queue is full",
	core.TooLarge: "Message too large", core.NoSpace: "Out of disk space", core.OverLimit: "Over a limit", core.Locked: "Resource locked",
	core.Stale: "Not found", core.Closed: "Server is shutting down", core.InUse: "Resource in use", core.NotEmpty: "Resource in use",
}

// refusalOf is what a client is told of an error; what is internal stays here.
func refusalOf(err error) *refusal {
	var r *refusal
	var we *wire.Error
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &we):
		return &refusal{short: "Malformed frame", detail: we.Msg}
	}
	if short, ok := shorts[core.KindOf(err)]; ok {
		var ce *core.Error
		errors.As(err, &ce)
		return &refusal{short: short, detail: ce.Msg}
	}
	return &refusal{short: "Internal error"}
}

// about notes which frame an error is about.
func about(err error, receipt string) error {
	if receipt == "" || errors.Is(err, errGoodbye) {
		return err
	}
	r := *refusalOf(err)
	r.receipt = receipt
	return &told{&r, err}
}

// told is a refusal with the error that it is of, for the log.
type told struct {
	*refusal
	cause error
}

func (t *told) Error() string { return t.cause.Error() }

func (t *told) Unwrap() []error { return []error{t.refusal, t.cause} }
