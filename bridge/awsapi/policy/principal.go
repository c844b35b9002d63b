package policy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Caller is who asks. The zero Caller is anonymous, and only `*` is for it.
type Caller struct {
	Account string // of an authenticated user: twelve digits
	ARN     string // arn:aws:iam::111122223333:user/app
	Service string // a service on its own behalf: sns.amazonaws.com
}

// principals is whom a statement is about.
type principals struct {
	not       bool
	everybody bool
	aws       []string // account ids and ARNs
	services  []string
	count     int
}

// parsePrincipals reads Principal or NotPrincipal; a policy of a resource has one.
func parsePrincipals(is, not json.RawMessage) (p principals, err error) {
	raw := is
	if not != nil {
		raw, p.not = not, true
	}
	if (is == nil) == (not == nil) {
		return p, errInvalid
	}
	if raw = bytes.TrimSpace(raw); raw[0] == '"' {
		if p.everybody = string(raw) == `"*"`; !p.everybody {
			return p, errInvalid
		}
		p.count = 1
		return p, nil
	}
	m, err := members(raw, "AWS", "Service", "Federated", "CanonicalUser")
	if err != nil || len(m) == 0 {
		return p, errInvalid
	}
	for kind, raw := range m {
		values, err := texts(raw)
		if err != nil || len(values) == 0 {
			return p, errInvalid
		}
		p.count += len(values)
		switch kind {
		case "AWS":
			p.aws = values
			p.everybody = slices.Contains(values, "*")
		case "Service":
			p.services = values
		}
	}
	for _, a := range p.aws {
		if a != "*" && !isAccount(a) && !strings.HasPrefix(a, "arn:") && !isUniqueID(a) {
			return p, errInvalid
		}
	}
	return p, nil
}

// isUniqueID tells what AWS puts in place of a principal that is gone: AIDA...
func isUniqueID(s string) bool {
	return len(s) >= 16 && len(s) <= 128 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// include tells whether a statement is about the caller.
func (p *principals) include(c *Caller) bool { return p.names(c) != p.not }

func (p *principals) names(c *Caller) bool {
	if p.everybody || c.Service != "" && slices.Contains(p.services, c.Service) {
		return true
	}
	for _, a := range p.aws {
		switch {
		case c.ARN != "" && a == c.ARN, c.Account != "" && accountOf(a) == c.Account:
			return true
		}
	}
	return false
}

// accountOf is the account that a principal stands for as a whole: its id, or the
// ARN of its root.
func accountOf(principal string) string {
	if isAccount(principal) {
		return principal
	}
	if parts := strings.Split(principal, ":"); len(parts) == 6 && parts[2] == "iam" && parts[5] == "root" {
		return parts[4]
	}
	return ""
}
