package amqp091

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// What RabbitMQ asks for, in the words of the core's permissions:
//
//	queue, exchange by name          the patterns of queues: they are for names of both, as RabbitMQ's are
//	default exchange                 the queue that the routing key names
//	amq.topic                        the topic path, or the filter of a binding, that the key spells
//	declare, delete                  configure
//	publish                          write on the exchange
//	consume, get, purge              read on the queue
//	bind                             write on the destination, read on the source
//	exchange of kind topic           beside that, the user's topic permissions: publish and bind by their key
//	dead-letter and alternate        write on that exchange, read on what is declared

// may asks for an action on a queue or an exchange of its own by name.
func (c *conn) may(a core.Action, kind, name string) error {
	if c.principal.MayQueue(a, name) {
		return nil
	}
	return c.noAccess(a, kind, name)
}

func (c *conn) noAccess(a core.Action, kind, name string) error {
	if kind == "exchange" && name == "" {
		name = "amq.default"
	}
	return wire.Errorf(wire.AccessRefused, "%s access to %s '%s' in vhost '%s' refused for user '%s'", actionNames[a], kind, name, c.vhost, c.user)
}

var actionNames = map[core.Action]string{core.Configure: "configure", core.Write: "write", core.Read: "read"}

// everything is a name that only a pattern for all names matches, and a filter
// that only a filter for all topics covers.
const everything = "*"

var allTopics, _ = match.ParseMQTT("#")

// mayPublish asks for write on what an exchange routes a key to.
func (c *conn) mayPublish(exchange, key string) error {
	var ok bool
	switch exchange {
	case "": // the name of a reply queue is a secret, and permission enough
		ok = strings.HasPrefix(key, replyPrefix) || c.principal.MayQueue(core.Write, key)
	case core.AMQTopic:
		if err := c.mayKey(core.Write, exchange, key); err != nil {
			return err
		}
		ok = c.principal.MayPath(core.Write, match.Swap(key))
	default:
		ok = c.principal.MayQueue(core.Write, exchange)
	}
	if !ok {
		return c.noAccess(core.Write, "exchange", exchange)
	}
	return nil
}

// mayForward asks for write on an exchange that others' messages will be
// published to, with any key if key is empty.
func (c *conn) mayForward(exchange, key string) error {
	switch {
	case exchange == core.AMQTopic && key == "":
		if !c.principal.MayTopic(core.Write, allTopics) {
			return c.noAccess(core.Write, "exchange", exchange)
		}
		return nil
	case key == "":
		key = everything
	}
	return c.mayPublish(exchange, key)
}

// mayKey asks for a key of an exchange of kind topic.
func (c *conn) mayKey(a core.Action, exchange, key string) error {
	if c.principal.MayKey(a, exchange, key) {
		return nil
	}
	return wire.Errorf(wire.AccessRefused, "access to topic '%s' in exchange '%s' in vhost '%s' refused for user '%s'", key, exchange, c.vhost, c.user)
}

// mayBindFrom asks for read on the source of a binding.
func (c *conn) mayBindFrom(exchange, key string) error {
	if exchange != core.AMQTopic {
		if err := c.may(core.Read, "exchange", exchange); err != nil {
			return err
		}
		if x, ok := c.ns.Exchange(exchange); ok && x.Options().Kind == core.ExchangeTopic {
			return c.mayKey(core.Read, exchange, key)
		}
		return nil
	}
	if err := c.mayKey(core.Read, exchange, key); err != nil {
		return err
	}
	filter, err := match.ParseDotted(key)
	if err != nil {
		return wire.Errorf(wire.PreconditionFailed, "routing key: %v", err)
	}
	if !c.principal.MayTopic(core.Read, filter) {
		return c.noAccess(core.Read, "exchange", exchange)
	}
	return nil
}
