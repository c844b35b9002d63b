package sns

import (
	"encoding/json"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/sns/filter"
	"github.com/slipwaymq/slipway/core"
)

// This file is how a filter policy decides on messages of the core: on what a
// subscriber would be given of them, whichever door they came in by.

// rule is the stored form of a filter policy, the Rule of a Binding. Its members
// may grow; the meaning of those that are there stays.
type rule struct {
	Scope  string `json:"scope"`
	Policy string `json:"policy"`
}

func (r rule) encode() []byte {
	b, _ := json.Marshal(r) // strings: cannot fail
	return b
}

func compileRule(stored []byte) (core.Predicate, error) {
	var r rule
	if err := json.Unmarshal(stored, &r); err != nil {
		return nil, err
	}
	scope, err := filter.ParseScope(r.Scope)
	if err != nil {
		return nil, err
	}
	p, err := filter.Parse(r.Policy, scope)
	if err != nil {
		return nil, err
	}
	return predicate{p}, nil
}

type predicate struct{ policy *filter.Policy }

// Matches implements core.Predicate.
func (p predicate) Matches(m *core.Message) bool {
	if p.policy.Scope() == filter.MessageBody {
		return p.policy.MatchBody(fields.Body(m))
	}
	attrs := fields.Attributes(m)
	return p.policy.MatchAttributes(func(name string) (filter.Attribute, bool) {
		for i := range attrs {
			if a := &attrs[i]; a.Name == name && !awsapi.IsBinaryType(a.DataType) {
				return filter.Attribute{DataType: a.DataType, Value: a.StringValue}, true
			}
		}
		return filter.Attribute{}, false
	})
}
