package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// validate finds values that are impossible, alone or together.
func (ps *problems) validate(c Config) {
	if c.DataDir == "" && !c.Memory {
		ps.add("data_dir", "a directory is needed here, or memory: true to keep nothing")
	}
	ps.doors(c)
	ps.proxyProtocol(c)
	ps.aws(c)
	ps.mqtt(c.MQTT)
	ps.oneOf("amqp.product", c.AMQP.Product, "slipway", "RabbitMQ")
	ps.oneOf("stomp.dialect", c.STOMP.Dialect, "auto", "rabbitmq", "activemq")
	between(ps, "stomp.prefetch", c.STOMP.Prefetch, 1, 65_535)
	ps.namespaces(c)
	ps.queues(c)
	ps.topics(c)
	ps.routes(c)
	ps.policies(c)
	ps.users(c)
	ps.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	ps.oneOf("log.format", c.Log.Format, "text", "json")
	ps.limits(c.Limits)
}

func (ps *problems) oneOf(path, value string, known ...string) {
	if !slices.Contains(known, value) {
		ps.add(path, "%s is none of %s", quote(value), list(known))
	}
}

func (ps *problems) limits(l Limits) {
	between(ps, "limits.max_message_size", l.MaxMessageSize, 1*KiB, 16*MiB)
	between(ps, "limits.max_connections", l.MaxConnections, 1, 1_000_000)
	between(ps, "limits.max_connections_per_address", l.MaxPerAddress, 0, 1_000_000)
	between(ps, "limits.max_queues", l.MaxQueues, 1, 10_000_000)
	between(ps, "limits.max_subscriptions", l.MaxSubscriptions, 1, 10_000_000)
	between(ps, "limits.memory_budget", l.MemoryBudget, 1*MiB, 1<<20*MiB)
	between(ps, "limits.min_free_disk", l.MinFreeDisk, 1*MiB, 1<<20*MiB)
	between(ps, "limits.handshake_timeout", l.HandshakeTimeout, 100*time.Millisecond, 10*time.Minute)
	between(ps, "limits.drain_timeout", l.DrainTimeout, 0, time.Hour)
	if l.MaxMessageSize > l.MemoryBudget {
		ps.add("limits.memory_budget", "%v holds not even one message of limits.max_message_size, %v", l.MemoryBudget, l.MaxMessageSize)
	}
}

func between[T cmp.Ordered](ps *problems, path string, value, least, most T) {
	if value < least || value > most {
		ps.add(path, "%v is not between %v and %v", value, least, most)
	}
}

// unique reports a value that an earlier element has too.
func (ps *problems) unique(seen map[string]string, value, path, what string) {
	if value == "" {
		return // reported as missing
	}
	if first, ok := seen[value]; ok {
		ps.add(path, "%s has %s %s already", first, what, quote(value))
		return
	}
	seen[value] = path
}

func at(section string, i int, key string) string {
	if key == "" {
		return fmt.Sprintf("%s[%d]", section, i)
	}
	return fmt.Sprintf("%s[%d].%s", section, i, key)
}

// list writes words as a person does: a, b or c.
func list(words []string) string {
	text := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			text += " or "
		default:
			text += ", "
		}
		text += w
	}
	return text
}
