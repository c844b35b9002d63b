package policy

import "strings"

// Request is what a policy decides on.
type Request struct {
	Caller   Caller
	Action   string // sqs:SendMessage
	Resource string // ARN of the queue or topic
	Keys     Keys
}

// Decision is what a policy says to a request.
type Decision int

// The decisions.
const (
	Neutral Decision = iota // no statement is about it
	Allow
	Deny
)

// String names the decision.
func (d Decision) String() string { return [...]string{"neutral", "allow", "deny"}[d] }

// Decide holds a request against all statements. A nil document is no policy.
func (d *Document) Decide(r *Request) Decision {
	if d == nil {
		return Neutral
	}
	decision := Neutral
	for i := range d.statements {
		s := &d.statements[i]
		if decision == Allow && !s.deny || !s.about(r) {
			continue
		}
		if s.deny {
			return Deny
		}
		decision = Allow
	}
	return decision
}

func (s *statement) about(r *Request) bool {
	if !s.principals.include(&r.Caller) || anyOf(s.actions, strings.ToLower(r.Action), r.Keys) == s.notActions {
		return false
	}
	if s.resources != nil && anyOf(s.resources, r.Resource, r.Keys) == s.notRes {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(r.Keys) {
			return false
		}
	}
	return true
}

func anyOf(patterns []pattern, s string, keys Keys) bool {
	for i := range patterns {
		if patterns[i].matches(s, keys) {
			return true
		}
	}
	return false
}
