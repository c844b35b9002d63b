package amqp091

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Why a connection ends, beside *wire.Error and those of protocols.
var (
	errGoodbye  = errors.New("goodbye was said")
	errRefused  = errors.New("the connection was refused")
	errPanicked = errors.New("the handler panicked")
	errSilent   = errors.New("connection.close was not answered")
	errGarbage  = errors.New("what comes is no AMQP")
)

// withMethod says whose execution failed, if it is not said yet.
func withMethod(err error, m wire.MethodID) error {
	if err == nil { // mostly
		return nil
	}
	var we *wire.Error
	if errors.As(err, &we) && we.Method == 0 {
		we.Method = m
	}
	return err
}

// refusal turns an error of the core about a thing (queue 'x' in vhost '/')
// into what AMQP says: the one place that does. What is internal goes to the
// operator's log and is not told.
func (c *conn) refusal(err error, thing string) error {
	if err == nil {
		return nil
	}
	var we *wire.Error
	if errors.As(err, &we) {
		return we
	}
	switch core.KindOf(err) {
	case core.NotFound:
		return wire.Errorf(wire.NotFound, "no %s", thing)
	case core.Locked:
		return wire.Errorf(wire.ResourceLocked, "cannot obtain exclusive access to locked %s. It could be originally declared on another "+
			"connection or the exclusive property value does not match that of the original declaration.", thing)
	case core.Denied:
		return wire.Errorf(wire.AccessRefused, "%s: %s", thing, text(err))
	case core.InUse:
		return wire.Errorf(wire.PreconditionFailed, "%s in use", thing)
	case core.NotEmpty:
		return wire.Errorf(wire.PreconditionFailed, "%s not empty", thing)
	case core.Exists, core.Invalid, core.TooLarge, core.OverLimit, core.Full, core.Stale, core.NoSpace:
		return wire.Errorf(wire.PreconditionFailed, "%s", text(err))
	case core.Closed:
		return wire.Errorf(wire.ConnectionForced, "broker forced connection closure with reason 'shutdown'")
	}
	c.h.cfg.Log.Error("an operation failed", "protocol", "amqp", "remote", c.nc.Remote(), "on", thing, "error", err)
	return wire.Errorf(wire.InternalError, "internal error")
}

// text is what an error of the core says.
func text(err error) string {
	var ce *core.Error
	if errors.As(err, &ce) {
		return ce.Msg
	}
	return err.Error()
}

// queueName and exchangeName are things as RabbitMQ spells them in its texts.
func (c *conn) queueName(name string) string {
	return fmt.Sprintf("queue '%s' in vhost '%s'", name, c.vhost)
}

func (c *conn) exchangeName(name string) string {
	return fmt.Sprintf("exchange '%s' in vhost '%s'", name, c.vhost)
}

func formatUint(n uint64) string { return strconv.FormatUint(n, 10) }
