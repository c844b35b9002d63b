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

// mayPublish asks for write on all that an exchange routes these keys to. Of one of
// kind topic mayKeys is to be asked as well, but for amq.topic.
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

// mayKeys asks for what topic permissions say of keys, if the exchange goes by them.
func mayKeys(who *core.Principal, a core.Action, ns *core.Namespace, exchange string, keys ...string) bool {
	x, ok := ns.Exchange(exchange)
	return !ok || x.Options().Kind != core.ExchangeTopic ||
		!slices.ContainsFunc(keys, func(key string) bool { return !who.MayKey(a, exchange, key) })
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
func mayBind(who *core.Principal, ns *core.Namespace, b *bindingBody) bool {
	if !mayKeys(who, core.Read, ns, b.Source, b.RoutingKey) {
		return false
	}
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

// RabbitMQ's tags. Of users who are set by the configuration, but for its
// administrators, it is their permissions that say what they may see and do.
const (
	tagAdministrator = "administrator"
	tagMonitoring    = "monitoring"
	tagPolicymaker   = "policymaker"
	tagManagement    = "management"
)

// Manages says whether somebody may use the API at all.
func Manages(who *core.Principal) bool {
	return !who.Account() || who.Tagged(tagAdministrator, tagMonitoring, tagPolicymaker, tagManagement)
}

// Oversees says whether somebody may do, or see, what is of no one queue.
func Oversees(who *core.Principal, a core.Action) bool {
	switch {
	case IsAdministrator(who):
		return true
	case !who.Account():
		return who.MayQueue(a, administrators)
	}
	return a == core.Read && who.Tagged(tagMonitoring)
}

// IsAdministrator says whether somebody may make users and give permissions, and
// so may do everything, in every vhost. That a configured user has all permissions
// is not enough: it is those of one vhost.
func IsAdministrator(who *core.Principal) bool { return who.Anonymous || who.Tagged(tagAdministrator) }

// sees says whether somebody is shown a queue or exchange. An account is shown
// what is in the vhosts that it may enter, as in RabbitMQ; others what they may read.
func sees(who *core.Principal, ns *core.Namespace, name string) bool {
	if IsAdministrator(who) {
		return true
	}
	in := who.In(ns.Name())
	return in != nil && (who.Account() || in.MayQueue(core.Read, name))
}

// mayAll asks for everything: for the tag of administrators, or, in a vhost, of an
// account for that of policymakers too.
func mayAll(h handler) handler {
	const all = core.Configure | core.Write | core.Read
	return func(w http.ResponseWriter, r *request) error {
		everything := r.who.MayQueue(all, administrators) && r.who.MayTopic(core.Write|core.Read, everything)
		switch {
		case IsAdministrator(r.caller):
		case r.caller.Account() && !r.caller.Tagged(tagPolicymaker):
			return notPolicymaker
		case !everything:
			return denied
		}
		return h(w, r)
	}
}

// RabbitMQ's words to who may not see, or set, one policy or parameter.
var notPolicymaker = refused("User not authorised to access object")

// policymaker lets through, of accounts, only those who may make policies.
func policymaker(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if r.caller.Account() && !r.caller.Tagged(tagAdministrator, tagPolicymaker) {
			return notPolicymaker
		}
		return h(w, r)
	}
}

// ofVhost lets through whoever is shown what is in the path's vhost: every account
// that may enter it, but of others those who may read every queue.
func ofVhost(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if r.caller.Account() {
			return h(w, r)
		}
		return monitor(h)(w, r)
	}
}

// deletesPolicies asks for configure on everything, or of an account for what
// putting one takes.
func deletesPolicies(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if r.caller.Account() {
			return mayAll(h)(w, r)
		}
		return administer(h)(w, r)
	}
}
