package core

import "slices"

// Settings that say how other brokers spread a queue over nodes, or keep it in memory:
// here they have nothing to change. A policy may have them, and is kept with them.

// Why a setting is without effect.
const (
	oneNode   = "nothing is mirrored: there is one node"
	bounded   = "memory is bounded without it"
	oneKind   = "there is one kind of queue"
	noStreams = "there are no streams"
)

// inert are those settings: what a value may be, and why it has no effect.
var inert = map[string]struct {
	valid func(v any) bool
	why   string
}{
	"ha-mode":                       {oneOf("all", "exactly", "nodes"), oneNode},
	"ha-params":                     {func(any) bool { return true }, oneNode}, // mirrors looks at it
	"ha-sync-mode":                  {oneOf("manual", "automatic"), oneNode},
	"ha-sync-batch-size":            {atLeast(1), oneNode},
	"ha-promote-on-shutdown":        {oneOf("always", "when-synced"), oneNode},
	"ha-promote-on-failure":         {oneOf("always", "when-synced"), oneNode},
	"queue-master-locator":          {oneOf("min-masters", "client-local", "random"), oneNode},
	"queue-leader-locator":          {oneOf("client-local", "balanced", "random", "least-leaders"), oneNode},
	"initial-cluster-size":          {atLeast(0), oneNode},
	"queue-mode":                    {oneOf("default", "lazy"), bounded},
	"max-in-memory-length":          {atLeast(0), bounded},
	"max-in-memory-bytes":           {atLeast(0), bounded},
	"queue-version":                 {func(v any) bool { return atLeast(1)(v) && !atLeast(3)(v) }, oneKind},
	"dead-letter-strategy":          {oneOf("at-most-once", "at-least-once"), "a dead letter moves in one step, and is never lost"},
	"max-age":                       {age, noStreams},
	"stream-max-segment-size-bytes": {atLeast(0), noStreams},
}

// Inert says why a setting of a policy is without effect; "": it has one, or there is
// no such setting.
func Inert(setting string) string { return inert[setting].why }

func oneOf(names ...string) func(any) bool {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && slices.Contains(names, s)
	}
}

func atLeast(least int64) func(any) bool {
	return func(v any) bool {
		var n *int64
		return number(&n, v, least, highestCount)
	}
}

// age is a number and its unit, from years to seconds.
func age(v any) bool {
	s, _ := v.(string)
	if len(s) < 2 || len(s) > 20 || !slices.Contains([]byte("YMDhms"), s[len(s)-1]) {
		return false
	}
	return !slices.ContainsFunc([]byte(s[:len(s)-1]), func(c byte) bool { return c < '0' || c > '9' })
}

// mirrors looks at what the settings of mirroring ask of each other. It returns the
// one that is wrong; "": none.
func mirrors(definition map[string]any) string {
	mode, params := definition["ha-mode"], definition["ha-params"]
	_, has := definition["ha-mode"]
	_, with := definition["ha-params"]
	switch {
	case !has:
		for _, name := range []string{"ha-params", "ha-sync-mode", "ha-sync-batch-size", "ha-promote-on-shutdown", "ha-promote-on-failure"} {
			if _, there := definition[name]; there {
				return "ha-mode"
			}
		}
		return ""
	case mode == "all" && with, mode == "exactly" && !atLeast(1)(params), mode == "nodes" && !names(params):
		return "ha-params"
	}
	return ""
}

// names are texts, one at least.
func names(v any) bool {
	list, _ := v.([]any)
	return len(list) > 0 && !slices.ContainsFunc(list, func(x any) bool {
		s, ok := x.(string)
		return !ok || len(s) > maxName
	})
}
