package sns

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/sns/filter"
	"github.com/slipwaymq/slipway/core"
)

// Attributes of subscriptions that are provided.
const (
	attrRaw    = "RawMessageDelivery"
	attrFilter = "FilterPolicy"
	attrScope  = "FilterPolicyScope"
	attrDead   = "RedrivePolicy"
	attrReplay = "ReplayPolicy"
)

// settings are a subscription's attributes.
type settings struct {
	raw     bool
	filter  string // "": none
	scope   string // "": nobody said
	redrive string // "": none
	replay  string // "": none

	delivery string // DeliveryPolicy; "": none
}

// settingsOf are those of a subscription that there is.
func settingsOf(b *core.Binding) settings {
	sub, _ := awsapi.ParseNote(b.Note)
	return settings{
		raw: sub.Raw, filter: b.Attributes[subFilter], scope: b.Attributes[subScope],
		redrive: b.Attributes[subRedrive], replay: b.Attributes[subReplay], delivery: b.Attributes[subDelivery],
	}
}

// notProvided are AWS's attributes that are refused, but for the values that ask
// for nothing: without them a subscriber would get what it asked not to get.
var notProvided = map[string][]string{
	"SubscriptionRoleArn": {""},
}

// errNoSuchAttribute is worded differently by Subscribe and by
// SetSubscriptionAttributes.
var errNoSuchAttribute = errors.New("invalid attribute name")

// set takes one attribute; its error is AWS's reason. What depends on other
// attributes is left to check.
func (st *settings) set(name, value string) error {
	switch name {
	case attrRaw:
		raw, ok := parseBool(value)
		if !ok {
			return errors.New("RawMessageDelivery: Invalid value [" + value + "]. Must be true or false.") //nolint:staticcheck // AWS's words
		}
		st.raw = raw
		return nil
	case attrFilter:
		if st.filter = strings.Clone(value); value == "{}" {
			st.filter = ""
		}
		return nil
	case attrScope:
		st.scope = strings.Clone(value)
		_, err := filter.ParseScope(value)
		return err
	}
	switch name {
	case attrDelivery:
		_, err := parseSubscriptionPolicy(value)
		if st.delivery = strings.Clone(value); value == "{}" {
			st.delivery = ""
		}
		return err
	case attrDead:
		arn, err := parseRedrive(value)
		if st.redrive = strings.Clone(value); err == nil && arn.Resource == "" {
			st.redrive = ""
		}
		return err
	case attrReplay:
		p, err := parseReplay(value)
		if st.replay = strings.Clone(value); p == nil {
			st.replay = ""
		}
		return err
	}
	nothing, known := notProvided[name]
	if !known {
		return errNoSuchAttribute
	}
	for _, v := range nothing {
		if v == value {
			return nil
		}
	}
	return errors.New(name + ": not supported by Slipway yet")
}

// check parses the policy in its scope; its error is AWS's reason.
func (st *settings) check() error {
	if st.filter == "" {
		return nil
	}
	scope, err := filter.ParseScope(st.scopeOr())
	if err != nil {
		return err
	}
	_, err = filter.Parse(st.filter, scope)
	return err
}

// scopeOr is the scope, that of who did not say included.
func (st *settings) scopeOr() string {
	if st.scope == "" {
		return filter.MessageAttributes.String()
	}
	return st.scope
}

// rule is what the core decides by; nil is everything.
func (st *settings) rule() []byte {
	if st.filter == "" {
		return nil
	}
	return rule{Scope: st.scopeOr(), Policy: st.filter}.encode()
}

// same tells whether the attributes that are given say what is there; a policy by
// what it says, not how it is written.
func (st *settings) same(given awsapi.Map[string], want settings) bool {
	for _, e := range given {
		switch {
		case e.Key == attrRaw && st.raw != want.raw,
			e.Key == attrFilter && !sameJSON(st.filter, want.filter),
			e.Key == attrDelivery && !sameJSON(st.delivery, want.delivery),
			e.Key == attrDead && !sameJSON(st.redrive, want.redrive),
			e.Key == attrReplay && !sameJSON(st.replay, want.replay),
			e.Key == attrScope && st.scopeOr() != want.scopeOr():
			return false
		}
	}
	return true
}

func sameJSON(a, b string) bool {
	var x, y any
	if a == b {
		return true
	}
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// shown are the attributes as GetSubscriptionAttributes gives them.
func (st *settings) shown() awsapi.Map[string] {
	out := awsapi.Map[string]{{Key: attrRaw, Value: strconv.FormatBool(st.raw)}}
	if st.filter != "" {
		out = append(out, wireEntry(attrFilter, st.filter))
	}
	if st.filter != "" || st.scope != "" {
		out = append(out, wireEntry(attrScope, st.scopeOr()))
	}
	if st.delivery != "" {
		out = append(out, wireEntry(attrDelivery, st.delivery))
	}
	if st.redrive != "" {
		out = append(out, wireEntry(attrDead, st.redrive))
	}
	if st.replay != "" {
		out = append(out, wireEntry(attrReplay, st.replay))
	}
	return out
}

// parseBool reads RawMessageDelivery, in any case of letters.
func parseBool(v string) (value, ok bool) {
	switch strings.ToLower(v) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}
