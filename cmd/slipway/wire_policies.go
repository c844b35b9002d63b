package main

import (
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
)

// definePolicies gives each namespace the policies that the configuration has
// for it, and takes back those it had.
func definePolicies(b *core.Broker, ps []config.Policy) error {
	of := map[string][]core.Policy{}
	for _, p := range ps {
		of[p.Namespace] = append(of[p.Namespace], core.Policy{
			Name: p.Name, Pattern: p.Pattern, ApplyTo: p.ApplyTo, Priority: p.Priority, Definition: definition(p),
		})
	}
	for _, ns := range b.Namespaces() {
		if err := ns.ConfigurePolicies(of[ns.Name()]); err != nil {
			return err
		}
	}
	return nil
}

// definition is what a policy sets, by core's names.
func definition(p config.Policy) map[string]any {
	d := map[string]any{}
	number := func(name string, n int64) {
		if n != 0 {
			d[name] = n
		}
	}
	text := func(name, s string) {
		if s != "" {
			d[name] = s
		}
	}
	number("message-ttl", p.MessageTTL.Milliseconds())
	number("expires", p.Expires.Milliseconds())
	number("max-length", int64(p.MaxLength))
	number("max-length-bytes", int64(p.MaxLengthBytes))
	number("delivery-limit", int64(p.DeliveryLimit))
	text("overflow", p.Overflow)
	text("dead-letter-exchange", p.DeadLetterTo)
	text("dead-letter-routing-key", p.DeadLetterKey)
	text("alternate-exchange", p.AlternateExchange)
	return d
}
