package arguments

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// Attributes of what is declared.
const (
	Kept = "arguments"  // its arguments (table.go)
	Type = "queue-type" // of a queue that is not classic
)

// An Error says which argument cannot be and why, Reason in RabbitMQ's words.
type Error struct {
	Name   string
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("invalid arg '%s': %s", e.Name, e.Reason) }

// For is the error in RabbitMQ's words, of a thing: "queue 'q' in vhost '/'".
func (e *Error) For(thing string) string {
	kind, ok := strings.CutPrefix(e.Reason, "{unacceptable_type,")
	if ok && (e.Name == "x-dead-letter-exchange" || e.Name == "alternate-exchange") {
		return fmt.Sprintf("invalid type '%s' for arg '%s' in %s", strings.TrimSuffix(kind, "}"), e.Name, thing)
	}
	return fmt.Sprintf("invalid arg '%s' for %s: %s", e.Name, thing, e.Reason)
}

// A reader puts one argument into the options.
type queueReader func(o *core.QueueOptions, v core.Value) (reason string)

var queueArguments = map[string]queueReader{
	"x-message-ttl": func(o *core.QueueOptions, v core.Value) string {
		n, why := whole(v, 0, longestTTL)
		if o.MessageTTL = time.Duration(n) * time.Millisecond; n == 0 {
			o.MessageTTL = core.Immediately
		}
		return why
	},
	"x-expires": func(o *core.QueueOptions, v core.Value) string {
		n, why := whole(v, 1, longestTTL)
		o.Expires = time.Duration(n) * time.Millisecond
		return why
	},
	"x-max-length":       func(o *core.QueueOptions, v core.Value) string { return limit(&o.MaxLength, v) },
	"x-max-length-bytes": func(o *core.QueueOptions, v core.Value) string { return limit(&o.MaxBytes, v) },
	"x-overflow": func(o *core.QueueOptions, v core.Value) string {
		how, ok := overflows[v.Str]
		switch o.Overflow = how; {
		case v.Kind != core.String:
			return unacceptable(v)
		case !ok:
			return "invalid_overflow"
		}
		return ""
	},
	"x-dead-letter-exchange": func(o *core.QueueOptions, v core.Value) string {
		o.DeadLetter = core.ExchangeAddress(v.Str, o.DeadLetter.Key)
		return isText(v)
	},
	"x-dead-letter-routing-key": func(o *core.QueueOptions, v core.Value) string {
		o.DeadLetter.Key = v.Str
		return isText(v)
	},
	"x-max-priority": func(o *core.QueueOptions, v core.Value) string {
		n, why := whole(v, 0, 1<<53)
		if o.MaxPriority = uint8(n); n > 255 {
			return fmt.Sprintf("{max_value_exceeded,%d}", n)
		}
		return why
	},
	"x-single-active-consumer": func(o *core.QueueOptions, v core.Value) string {
		if o.SingleActive = v.Bool(); v.Kind != core.Bool {
			return unacceptable(v)
		}
		return ""
	},
	"x-delivery-limit": func(o *core.QueueOptions, v core.Value) string {
		n, why := whole(v, -1, math.MaxInt64)
		o.MaxDeliveries = int(min(n, math.MaxInt32-1)) + 1 // -1: no limit
		return why
	},
	"x-queue-type": func(o *core.QueueOptions, v core.Value) string {
		switch v.Str {
		case "classic":
			return ""
		case "quorum":
			if o.Attributes == nil {
				o.Attributes = map[string]string{}
			}
			o.Attributes[Type] = v.Str
			return ""
		case "stream":
			return "there are no streams here; classic and quorum are accepted"
		}
		return unsupported("queue type", v)
	},
	"x-queue-mode": func(_ *core.QueueOptions, v core.Value) string {
		if v.Str != "default" && v.Str != "lazy" {
			return unsupported("queue mode", v)
		}
		return ""
	},
	"x-queue-version": func(_ *core.QueueOptions, v core.Value) string {
		if n, why := whole(v, 1, 2); why != "" {
			return fmt.Sprintf("\"unsupported queue version '%d'\"", n)
		}
		return ""
	},
}

var overflows = map[string]core.Overflow{
	"drop-head": core.DropHead, "reject-publish": core.RejectPublish, "reject-publish-dlx": core.RejectPublishDeadLetter,
}

// longestTTL is RabbitMQ's limit of times, in ms: 100 years. (The ladders of delays
// that Celery and NServiceBus make reach four.)
const longestTTL = 100 * 365 * 24 * 3_600_000

// Queue puts a declaration's arguments into options that have everything else.
// An error is an *Error. hs is not kept.
func Queue(o *core.QueueOptions, hs []core.Header) error {
	keyed, dead := false, false
	for _, h := range hs {
		read := queueArguments[h.Name]
		if read == nil {
			continue
		}
		if why := read(o, h.Value); why != "" {
			return &Error{h.Name, why}
		}
		keyed = keyed || h.Name == "x-dead-letter-routing-key"
		dead = dead || h.Name == "x-dead-letter-exchange"
	}
	if keyed && !dead {
		return &Error{"x-dead-letter-routing-key", "routing_key_but_no_dlx_defined"}
	}
	o.Ordered = o.MaxPriority == 0
	keep(&o.Attributes, hs)
	return nil
}

func limit(to *int64, v core.Value) string {
	n, why := whole(v, 0, math.MaxInt64)
	if *to = n; n == 0 {
		*to = -1
	}
	return why
}

// whole reads a number, or says in RabbitMQ's words what is wrong with it.
func whole(v core.Value, least, most int64) (n int64, reason string) {
	switch v.Kind {
	case core.Int:
		n = v.Int()
	case core.Uint:
		return 0, fmt.Sprintf("{value_too_large,%d}", v.Uint())
	default:
		return 0, fmt.Sprintf(`"expected integer, got %s"`, KindName(v))
	}
	switch {
	case n < least && n < 0:
		return 0, fmt.Sprintf("{value_negative,%d}", n)
	case n < least:
		return 0, fmt.Sprintf("{value_zero,%d}", n)
	case n > most:
		return n, fmt.Sprintf("{value_too_large,%d}", n)
	}
	return n, ""
}

func isText(v core.Value) string {
	if v.Kind != core.String {
		return unacceptable(v)
	}
	return ""
}

func unsupported(what string, v core.Value) string {
	if v.Kind != core.String {
		return unacceptable(v)
	}
	return fmt.Sprintf("\"unsupported %s '%s'\"", what, v.Str)
}

func unacceptable(v core.Value) string {
	return "{unacceptable_type," + KindName(v) + "}"
}

// KindName is AMQP's name of the type that a value has there.
func KindName(v core.Value) string {
	switch v.Kind {
	case core.String:
		return "longstr"
	case core.Bytes:
		return "binary"
	case core.Bool:
		return "bool"
	case core.Int:
		if n := v.Int(); n != int64(int32(n)) {
			return "long"
		}
		return "signedint"
	case core.Uint:
		return "unsignedint"
	case core.Float:
		return "double"
	case core.Time:
		return "timestamp"
	case core.Number:
		return "decimal"
	case core.Array:
		return "array"
	case core.Map:
		return "table"
	}
	return "void"
}
