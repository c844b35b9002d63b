package rabbit

import (
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// What is asked of whom, as at the AMQP door:
//
//	publish                  write on what the exchange routes each key to
//	dead letters, alternate  write on that exchange with the key it is given, or with any
//	bind                     write on the destination, read on the source
//	import, policy           all three on everything: either leads messages anywhere

// everything is a filter for all topics, as administrators is a name of all queues.
var everything, _ = match.ParseMQTT("#")

// mayPublish asks for write on all that an exchange routes these keys to.
func mayPublish(who *core.Principal, exchange string, keys ...string) bool {
	may := func(key string) bool { return who.MayExchange(core.Write, exchange) }
	switch exchange {
	case "":
		may = func(key string) bool { return who.MayQueue(core.Write, key) }
	case core.AMQTopic:
		may = func(key string) bool { return who.MayPath(core.Write, match.Swap(key)) }
	}
	return !slices.ContainsFunc(keys, func(key string) bool { return !may(key) })
}

// mayForward asks for write on an exchange that others' messages will be published
// to, with any key if key is empty.
func mayForward(who *core.Principal, exchange, key string) bool {
	switch {
	case key != "":
		return mayPublish(who, exchange, key)
	case exchange == core.AMQTopic:
		return who.MayTopic(core.Write, everything)
	}
	return mayPublish(who, exchange, administrators)
}

// mayDeadLetter asks for what a queue's dead letters need.
func mayDeadLetter(who *core.Principal, queue string, to core.Address) bool {
	return to.Kind == core.NoAddress || who.MayQueue(core.Read, queue) && mayForward(who, to.Name, to.Key)
}

// mayAlternate asks for what an exchange's alternate needs.
func mayAlternate(who *core.Principal, exchange, alternate string) bool {
	return alternate == "" || who.MayExchange(core.Read, exchange) && mayForward(who, alternate, "")
}

// mayBind asks for write on the target and read on the source.
func mayBind(who *core.Principal, b *bindingBody) bool {
	if b.Kind == "exchange" {
		if !mayForward(who, b.Destination, "") {
			return false
		}
	} else if !who.MayQueue(core.Write, b.Destination) {
		return false
	}
	if b.Source != core.AMQTopic {
		return who.MayExchange(core.Read, b.Source)
	}
	f, err := match.ParseDotted(b.RoutingKey)
	return err == nil && who.MayTopic(core.Read, f)
}

// mayAll asks for everything.
func mayAll(h handler) handler {
	const all = core.Configure | core.Write | core.Read
	return needs(all, func(w http.ResponseWriter, r *request) error {
		if !r.who.MayTopic(core.Write|core.Read, everything) {
			return denied
		}
		return h(w, r)
	})
}
