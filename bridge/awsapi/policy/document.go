package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Document is a policy, ready to decide. It is immutable.
type Document struct {
	Version string
	ID      string

	statements []statement
}

type statement struct {
	sid        string
	deny       bool
	principals principals
	actions    []pattern
	notActions bool
	resources  []pattern // nil: whatever the policy is attached to
	notRes     bool
	conditions []condition
}

// errInvalid is any mistake in a document: the services do not say which.
var errInvalid = errors.New("not a valid policy")

// parse reads a document by IAM's grammar.
func parse(text string) (*Document, error) {
	top, err := members([]byte(text), "Version", "Id", "Statement")
	if err != nil {
		return nil, err
	}
	d := &Document{Version: "2008-10-17"}
	if err := optional(top["Version"], &d.Version); err != nil {
		return nil, err
	}
	if err := optional(top["Id"], &d.ID); err != nil {
		return nil, err
	}
	if d.Version != "2008-10-17" && d.Version != "2012-10-17" {
		return nil, errInvalid
	}
	raw, err := statementsOf(top["Statement"])
	if err != nil {
		return nil, err
	}
	for _, r := range raw {
		s, err := parseStatement(r, d.Version == "2012-10-17")
		if err != nil {
			return nil, err
		}
		if s.sid != "" && slices.ContainsFunc(d.statements, func(o statement) bool { return o.sid == s.sid }) {
			return nil, errInvalid
		}
		d.statements = append(d.statements, s)
	}
	return d, nil
}

// members reads an object that has none but the given members.
func members(raw []byte, names ...string) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, errInvalid
	}
	for name := range m {
		if !slices.Contains(names, name) {
			return nil, errInvalid
		}
	}
	return m, nil
}

func optional(raw json.RawMessage, to *string) error {
	if raw == nil {
		return nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, to) != nil {
		return errInvalid
	}
	return nil
}

// statementsOf reads Statement: one, or a list of at least one.
func statementsOf(raw json.RawMessage) ([]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '{' {
		return []json.RawMessage{raw}, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return nil, errInvalid
	}
	return list, nil
}

func parseStatement(raw json.RawMessage, variables bool) (s statement, err error) {
	m, err := members(raw, "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
	if err != nil {
		return s, err
	}
	effect := ""
	if err := errors.Join(optional(m["Sid"], &s.sid), optional(m["Effect"], &effect)); err != nil {
		return s, errInvalid
	}
	s.deny = effect == "Deny"
	if !s.deny && effect != "Allow" {
		return s, errInvalid
	}
	if s.principals, err = parsePrincipals(m["Principal"], m["NotPrincipal"]); err != nil {
		return s, err
	}
	actions, notActions, err := either(m, "Action", "NotAction")
	if err != nil || len(actions) == 0 {
		return s, errInvalid
	}
	resources, notRes, err := either(m, "Resource", "NotResource")
	if err != nil {
		return s, err
	}
	s.notActions, s.notRes = notActions, notRes
	for _, a := range actions {
		s.actions = append(s.actions, compile(strings.ToLower(a), false))
	}
	for _, r := range resources {
		s.resources = append(s.resources, compile(anywhere(r), variables))
	}
	s.conditions, err = parseConditions(m["Condition"], variables)
	return s, err
}

// anywhere takes region and account out of an ARN: they are names of one
// namespace here, a queue has an ARN in each, and a policy is only ever asked about
// the queue or topic it is attached to. A caller must not slip past a Deny by
// signing for another region.
func anywhere(resource string) string {
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return resource
	}
	return "arn:*:" + parts[2] + ":*:*:" + parts[5]
}

// either reads a member or its negation, of which there is one at most.
func either(m map[string]json.RawMessage, name, not string) (values []string, negated bool, err error) {
	switch raw, other := m[name], m[not]; {
	case raw != nil && other != nil:
		return nil, false, errInvalid
	case raw != nil:
		values, err = texts(raw)
	case other != nil:
		negated = true
		values, err = texts(other)
	}
	return values, negated, err
}

// texts reads a string or a list of strings; scalars of a condition may also be
// numbers and booleans, which count as they are written.
func texts(raw json.RawMessage) ([]string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return nil, errInvalid
		}
		out := make([]string, 0, len(list))
		for _, r := range list {
			one, err := scalar(r)
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		return out, nil
	}
	one, err := scalar(raw)
	return []string{one}, err
}

func scalar(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	var s string
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n':
		return "", errInvalid
	case raw[0] != '"':
		return string(raw), nil // json.Unmarshal has checked it
	case json.Unmarshal(raw, &s) != nil:
		return "", errInvalid
	}
	return s, nil
}
