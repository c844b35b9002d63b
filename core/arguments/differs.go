package arguments

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/slipwaymq/slipway/core"
)

// QueueDiffers says how a declaration of a queue differs from the one there was,
// in the words that RabbitMQ's clients know, after "PRECONDITION_FAILED - ".
// what is "queue 'q' in vhost '/'". It says nothing where only arguments differ
// that RabbitMQ does not compare: the declaration is then a good one, whatever
// error core has.
func QueueDiffers(have, want core.QueueOptions, what string) (text string, differs bool) {
	for _, f := range []struct {
		name       string
		have, want bool
	}{{"durable", have.Durable, want.Durable}, {"auto_delete", have.AutoDelete, want.AutoDelete}, {"exclusive", have.Owner != "", want.Owner != ""}} {
		if f.have != f.want {
			return field(f.name, what, strconv.FormatBool(f.want), strconv.FormatBool(f.have)), true
		}
	}
	return argumentsDiffer(slices.Sorted(maps.Keys(queueArguments)), have.Attributes, want.Attributes, what)
}

// ExchangeDiffers is QueueDiffers for an exchange; what is "exchange 'x' in
// vhost '/'".
func ExchangeDiffers(have, want core.ExchangeOptions, what string) (text string, differs bool) {
	if have.Kind != want.Kind {
		return field("type", what, want.Kind, have.Kind), true
	}
	for _, f := range []struct {
		name       string
		have, want bool
	}{{"durable", have.Durable, want.Durable}, {"auto_delete", have.AutoDelete, want.AutoDelete}, {"internal", have.Internal, want.Internal}} {
		if f.have != f.want {
			return field(f.name, what, strconv.FormatBool(f.want), strconv.FormatBool(f.have)), true
		}
	}
	return argumentsDiffer(slices.Sorted(maps.Keys(exchangeArguments)), have.Attributes, want.Attributes, what)
}

func field(name, what, want, have string) string {
	return fmt.Sprintf("inequivalent arg '%s' for %s: received '%s' but current is '%s'", name, what, want, have)
}

func argumentsDiffer(names []string, have, want map[string]string, what string) (string, bool) {
	old, asked := Of(have), Of(want)
	for _, name := range names {
		if a, b := shown(asked, name), shown(old, name); a != b {
			if a != none && b != none {
				a, b = bare(asked, name), bare(old, name)
			}
			return fmt.Sprintf("inequivalent arg '%s' for %s: received %s but current is %s", name, what, a, b), true
		}
	}
	return "", false
}

// shown is an argument as RabbitMQ names it in such a text.
func shown(hs []core.Header, name string) string {
	for _, h := range hs {
		if h.Name == name && h.Value.Kind != core.Null {
			return fmt.Sprintf("the value '%v' of type '%s'", value(h.Value), KindName(h.Value))
		}
	}
	return none
}

const none = "none"

// bare is an argument where RabbitMQ does not name the type: there are two.
func bare(hs []core.Header, name string) string {
	for _, h := range hs {
		if h.Name == name {
			return fmt.Sprintf("'%v'", value(h.Value))
		}
	}
	return none
}
