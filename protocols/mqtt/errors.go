package mqtt

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// Why a connection ends, beside *wire.Error and those of protocols.
var (
	errGoodbye     = errors.New("the client said goodbye")
	errRefused     = errors.New("the connection was refused")
	errTakenOver   = errors.New("another connection uses this client id")
	errPanicked    = errors.New("the handler panicked")
	errUnconfirmed = errors.New("a publish failed, which this version of MQTT can only say by closing")
)

// unconfirmed is errUnconfirmed with the reason that it could not say.
func unconfirmed(why error) error {
	if why == nil {
		return errUnconfirmed
	}
	return fmt.Errorf("%w: %w", errUnconfirmed, why)
}

// tellRefused has the operator know of a publish or subscription that was refused
// while the connection stays: of the first one at level info, since clients try
// again, and of the others for who looks closer.
func (c *conn) tellRefused(what, topic string, err error) {
	level, log := slog.LevelDebug, c.h.cfg.Log
	if !c.told {
		c.told, level = true, slog.LevelInfo
	}
	if !log.Enabled(c.ctx, level) {
		return
	}
	info := c.nc.Info()
	log.Log(c.ctx, level, what, "protocol", "mqtt", "remote", info.Remote, "client", info.Client, "user", info.User, "topic", protocols.Clip(topic), "error", err)
}

// protocolError refuses what a client sent, citing the clause it broke.
func protocolError(code wire.Code, clause, format string, args ...any) error {
	return &wire.Error{Code: code, Clause: clause, Detail: fmt.Sprintf(format, args...)}
}

// codeOf turns an error of the core into a reason code: the one place that
// does.
func codeOf(err error) wire.Code {
	if err == nil {
		return wire.Success
	}
	var we *wire.Error
	if errors.As(err, &we) {
		return we.Code
	}
	switch core.KindOf(err) {
	case core.Denied, core.Locked:
		return wire.NotAuthorized
	case core.Full, core.OverLimit, core.NoSpace, core.TooLarge:
		return wire.QuotaExceeded
	case core.NotFound, core.Invalid:
		return wire.TopicNameInvalid
	case core.Closed:
		return wire.UnspecifiedError
	}
	return wire.UnspecifiedError
}

// connectCodeOf is codeOf for a CONNACK, which has codes of its own.
func connectCodeOf(err error) wire.Code {
	switch core.KindOf(err) {
	case core.Closed:
		return wire.ServerShuttingDown
	case core.NotFound, core.Invalid:
		return wire.UnspecifiedError
	case core.Locked:
		return wire.ServerBusy
	}
	return codeOf(err)
}

// reasonOf is what a client may read; what is internal stays here.
func reasonOf(err error) string {
	var we *wire.Error
	if errors.As(err, &we) {
		return we.Detail
	}
	if core.KindOf(err) == core.Internal {
		return "internal error"
	}
	return err.Error()
}
