package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// configured is the dialect of what the configuration declares.
const configured = "config"

// routePrefix begins the keys of the bindings that routes are.
const routePrefix = "route/"

// define makes what the configuration names, unless it is there, and takes
// back the routes that it does not name any more. Queues stay, with what is in
// them; so do topics, which others may have subscribed to.
func define(b *core.Broker, cfg config.Config) error {
	for _, n := range cfg.Namespaces {
		if _, err := b.Namespace(n.Name); err != nil {
			return err
		}
	}
	for _, q := range cfg.Queues {
		if _, err := declare(b, q.Namespace, q.Name); err != nil {
			return err
		}
	}
	for _, t := range cfg.Topics {
		ns, err := b.Namespace(t.Namespace)
		if err == nil {
			_, _, err = ns.CreateTopic(t.Name, nil)
		}
		if err != nil {
			return fmt.Errorf("topic %s: %w", t.Name, err)
		}
	}
	if err := definePolicies(b, cfg.Policies); err != nil {
		return err
	}
	return defineRoutes(b, cfg.Routes)
}

// declare finds or creates a queue. SQS clients tell a FIFO queue by its name.
func declare(b *core.Broker, namespace, name string) (*core.Queue, error) {
	ns, err := b.Namespace(namespace)
	if err != nil {
		return nil, err
	}
	o := core.QueueOptions{Dialect: configured, Durable: true, Uncounted: true}
	if strings.HasSuffix(name, ".fifo") {
		o.Grouped, o.Dedup = true, core.DedupQueue
	}
	q, _, err := ns.DeclareQueue(name, o)
	if q == nil || core.KindOf(err) == core.Locked {
		return nil, fmt.Errorf("queue %s: %w", name, err)
	}
	return q, nil // Exists: somebody changed its options since, which is theirs to do
}

func defineRoutes(b *core.Broker, routes []config.Route) error {
	wanted := map[*core.Namespace]map[string]bool{}
	for _, r := range routes {
		q, err := declare(b, r.Namespace, r.Queue)
		if err != nil {
			return err
		}
		key, err := bindRoute(q, r)
		if err != nil {
			return fmt.Errorf("route from %s to %s: %w", r.Topic, r.Queue, err)
		}
		if wanted[q.Namespace()] == nil {
			wanted[q.Namespace()] = map[string]bool{}
		}
		wanted[q.Namespace()][key] = true
	}
	for _, ns := range b.Namespaces() {
		for _, old := range ns.Bindings(routePrefix) {
			if wanted[ns][old.Key] {
				continue
			}
			if _, err := ns.Unbind(old.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

func bindRoute(q *core.Queue, r config.Route) (key string, err error) {
	filter, err := match.ParseMQTT(r.Topic)
	if err != nil {
		return "", err
	}
	key = routePrefix + strconv.Quote(q.Name()) + " " + filter.Encode()
	if _, there := q.Namespace().Binding(key); there {
		return key, nil
	}
	_, err = q.Namespace().Bind(&core.Binding{
		Key: key, Dialect: configured, Filter: filter, Queue: q, KeepTransient: true, KeepDurable: true, Durable: true,
	})
	return key, err
}

// names are the aliases that the configuration gives.
func names(cfg config.Config) *awsapi.Names {
	n := awsapi.NewNames()
	for _, q := range cfg.Queues {
		if q.Alias != "" {
			n.SetQueue(q.Namespace, q.Name, q.Alias)
		}
	}
	for _, t := range cfg.Topics {
		if t.Alias != "" {
			n.SetTopic(t.Namespace, t.Name, t.Alias)
		}
	}
	return n
}
