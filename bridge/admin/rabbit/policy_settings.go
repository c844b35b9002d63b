package rabbit

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

// What RabbitMQ 3.10 says of a policy's settings that cannot be. Which those are, the
// core knows.

// settingWords are said of a value, which stands where # does.
var settingWords = map[string]string{
	"alternate-exchange":            "# is not a valid alternate exchange name",
	"dead-letter-exchange":          "# is not a valid dead letter exchange name",
	"dead-letter-routing-key":       "# is not a valid dead letter routing key",
	"dead-letter-strategy":          "# is not a valid dead letter strategy",
	"delivery-limit":                "# is not a valid delivery limit",
	"expires":                       "# is not a valid queue expiry",
	"ha-mode":                       "# is not a valid ha-mode value",
	"ha-promote-on-failure":         `ha-promote-on-failure must be "always" or "when-synced", got #`,
	"ha-promote-on-shutdown":        `ha-promote-on-shutdown must be "always" or "when-synced", got #`,
	"ha-sync-batch-size":            "ha-sync-batch-size takes an integer greater than 0, # given",
	"ha-sync-mode":                  `ha-sync-mode must be "manual" or "automatic", got #`,
	"initial-cluster-size":          "# is not a valid cluster size",
	"max-age":                       "# is not a valid max age",
	"max-in-memory-bytes":           "# is not a valid maximum memory in bytes",
	"max-in-memory-length":          "# is not a valid maximum memory in bytes",
	"max-length":                    "# is not a valid maximum length",
	"max-length-bytes":              "# is not a valid maximum length in bytes",
	"message-ttl":                   "# is not a valid message TTL",
	"overflow":                      "# is not a valid overflow value",
	"queue-leader-locator":          "# is not a valid queue leader locator value",
	"queue-master-locator":          "# invalid queue-master-locator value",
	"queue-mode":                    "# is not a valid queue-mode value",
	"queue-version":                 "# is not a valid queue-version value",
	"stream-max-segment-size-bytes": "# is not a valid segment size",
}

// unknownSettings are those that there are not.
func unknownSettings(definition map[string]any) (all []string) {
	known := core.PolicySettings()
	for _, name := range slices.Sorted(maps.Keys(definition)) {
		if !slices.Contains(known, name) {
			all = append(all, name)
		}
	}
	return all
}

// settingError says in RabbitMQ's words what is wrong with a definition, of which the
// core says which setting.
func settingError(err error, definition map[string]any) error {
	var ce *core.Error
	if !errors.As(err, &ce) || ce.Kind != core.Invalid {
		return err
	}
	if len(definition) == 0 {
		return wording("no policy provided")
	}
	if unknown := unknownSettings(definition); unknown != nil {
		for i, name := range unknown {
			unknown[i] = "{" + binary(name) + "," + term(definition[name]) + "}"
		}
		return wording("[" + strings.Join(unknown, ",") + "] are not recognised policy settings")
	}
	v, there := definition[ce.Field]
	switch words := settingWords[ce.Field]; {
	case ce.Field == "ha-params":
		return wording(mirrorWords(definition))
	case ce.Field == "ha-mode" && !there:
		return wording("ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown")
	case words != "":
		return wording(strings.Replace(words, "#", term(v), 1))
	}
	return err
}

// mirrorWords are about ha-params.
func mirrorWords(definition map[string]any) string {
	params, there := definition["ha-params"]
	given := "none"
	if there {
		given = term(params)
	}
	list, isList := params.([]any)
	switch mode := definition["ha-mode"]; {
	case mode == "all":
		return `ha-mode="all" does not take parameters`
	case mode == "exactly":
		return `ha-mode="exactly" takes an integer, ` + given + " given"
	case !isList:
		return `ha-mode="nodes" takes a list, ` + given + " given"
	case len(list) == 0:
		return `ha-mode="nodes" list must be non-empty`
	}
	strange := slices.DeleteFunc(slices.Clone(list), func(x any) bool { _, is := x.(string); return is })
	return `ha-mode="nodes" takes a list of strings, ` + term(strange) + " was not a string"
}

// plain is a definition with numbers as the core takes them.
func plain(definition map[string]any) map[string]any {
	d := make(map[string]any, len(definition))
	for key, v := range definition {
		if n, ok := v.(json.Number); ok {
			v = plainNumber(n)
		}
		d[key] = v
	}
	return d
}

func plainNumber(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n
}

// inertSettings say which of a policy's settings are kept and shown, without effect.
func inertSettings(definition map[string]any) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(definition)) {
		if why := core.Inert(name); why != "" {
			all = append(all, name+" is without effect: "+why)
		}
	}
	return strings.Join(all, "; ")
}
