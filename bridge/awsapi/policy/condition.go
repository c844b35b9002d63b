package policy

import (
	"encoding/json"
	"strings"
)

// Keys are condition keys of a request, in lower case, with their values.
type Keys map[string][]string

// condition is one operator, key and list of values.
type condition struct {
	key      string // lower case
	operator *operator
	values   []operand
	ifExists bool
	set      quantifier
}

type quantifier uint8

const (
	single    quantifier = iota
	anyValue             // ForAnyValue:
	allValues            // ForAllValues:
)

// operator is one row of the table in operators.go.
type operator struct {
	negated bool
	// read turns a value of the policy into an operand; nil takes any text.
	read func(*operand) bool
	// holds compares a value of the request, by the positive form.
	holds func(o *operand, value string, keys Keys) bool
}

// operand is a value of the policy, as far as it could be prepared.
type operand struct {
	pattern
	prepared any
}

// parseConditions reads {"StringEquals": {"key": ["value"]}}.
func parseConditions(raw json.RawMessage, variables bool) ([]condition, error) {
	if raw == nil {
		return nil, nil
	}
	var byOperator map[string]map[string]json.RawMessage
	if json.Unmarshal(raw, &byOperator) != nil || byOperator == nil {
		return nil, errInvalid
	}
	var all []condition
	for name, byKey := range byOperator {
		c, ok := readOperator(name)
		if !ok {
			return nil, errInvalid
		}
		for key, raw := range byKey {
			c.key = strings.ToLower(key)
			values, err := texts(raw)
			if err != nil {
				return nil, err
			}
			if c.values, ok = c.operator.operands(values, variables); !ok || key == "" {
				return nil, errInvalid
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// readOperator takes `ForAnyValue:StringLikeIfExists` apart.
func readOperator(name string) (c condition, ok bool) {
	if rest, found := strings.CutPrefix(name, "ForAnyValue:"); found {
		name, c.set = rest, anyValue
	} else if rest, found := strings.CutPrefix(name, "ForAllValues:"); found {
		name, c.set = rest, allValues
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	c.operator, ok = operators[name]
	if name == "Null" && (c.ifExists || c.set != single) {
		return c, false
	}
	return c, ok
}

func (op *operator) operands(values []string, variables bool) ([]operand, bool) {
	out := make([]operand, 0, len(values))
	for _, v := range values {
		o := operand{pattern: compile(v, variables)}
		if op.read != nil && !op.read(&o) {
			return nil, false
		}
		out = append(out, o)
	}
	return out, len(out) > 0
}

// holds tells whether the condition is met.
func (c *condition) holds(keys Keys) bool {
	values, there := keys[c.key]
	switch {
	case c.operator == operators["Null"]:
		return c.null(there)
	case c.set == allValues:
		for _, v := range values {
			if !c.value(v, keys) {
				return false
			}
		}
		return true
	case !there && c.ifExists:
		return true
	case !there:
		return c.operator.negated && c.set == single
	}
	if c.operator.negated && c.set == single { // none of them
		for _, v := range values {
			if !c.value(v, keys) {
				return false
			}
		}
		return true
	}
	for _, v := range values {
		if c.value(v, keys) {
			return true
		}
	}
	return false
}

// value compares one value of the request with all of the policy: it equals one,
// or, negated, none.
func (c *condition) value(v string, keys Keys) bool {
	for i := range c.values {
		if c.operator.holds(&c.values[i], v, keys) {
			return !c.operator.negated
		}
	}
	return c.operator.negated
}

// null is met where "true" stands for a key that is absent.
func (c *condition) null(there bool) bool {
	for i := range c.values {
		if c.values[i].prepared == !there {
			return true
		}
	}
	return false
}
