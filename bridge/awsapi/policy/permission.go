package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// editor is how a service checks the parameters of AddPermission and
// RemovePermission, and words what is wrong.
type editor struct {
	check   func(label string, accounts, actions []string) *Error
	exists  func(label string) *Error
	missing func(label string) *Error // nil: removing what is not there does nothing
}

// queueActions are what AddPermission of SQS may give away.
var queueActions = []string{
	"*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
	"ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
}

var queueEditor = editor{
	check: checkQueuePermission,
	exists: func(label string) *Error {
		return &Error{Kind: InvalidParameterValue, Text: fmt.Sprintf("Value %s for parameter Label is invalid. Reason: Already exists.", label)}
	},
	missing: func(label string) *Error {
		return &Error{Kind: InvalidParameterValue, Text: fmt.Sprintf("Value %.200s for parameter Label is invalid. Reason: can't find label.", label)}
	},
}

func checkQueuePermission(label string, accounts, actions []string) *Error {
	bad := func(format string, args ...any) *Error {
		return &Error{Kind: InvalidParameterValue, Text: fmt.Sprintf(format, args...)}
	}
	if !isLabel(label) {
		return bad("Value %.200s for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.", label)
	}
	switch {
	case len(actions) == 0:
		return &Error{Kind: MissingParameter, Text: "The request must contain the parameter Actions."}
	case len(actions) > maxActions:
		return &Error{Kind: OverLimit, Text: fmt.Sprintf("%d Actions were found, maximum allowed is %d.", len(actions), maxActions)}
	case len(accounts) == 0:
		return bad("Value [] for parameter PrincipalId is invalid. Reason: Unable to verify.")
	}
	for _, a := range accounts {
		if !isAccount(a) {
			return bad("Value [%.200s] for parameter PrincipalId is invalid. Reason: Unable to verify.", a)
		}
	}
	for _, a := range actions {
		if !slices.Contains(queueActions, a) {
			return bad("Value SQS:%.200s for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.", a)
		}
	}
	return nil
}

// isLabel tells 1 to 80 of [A-Za-z0-9_-].
func isLabel(s string) bool {
	return s != "" && len(s) <= 80 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

var topicEditor = editor{
	check: func(_ string, accounts, actions []string) *Error {
		for _, a := range actions {
			if !slices.Contains(topicActions, "sns:"+strings.ToLower(a)) {
				return &Error{Text: outOfScope}
			}
		}
		for _, a := range accounts {
			if !isAccount(a) {
				return &Error{Text: "Policy Error: PrincipalNotFound"}
			}
		}
		if len(actions) == 0 || len(accounts) == 0 {
			return &Error{Text: "Policy Error: null"}
		}
		return nil
	},
	exists: func(string) *Error { return &Error{Text: "Statement already exists"} },
}

// written is a document as the services write it: in this order of members.
type written struct {
	Version   string            `json:"Version"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

type permission struct {
	Sid       string `json:"Sid"`
	Effect    string `json:"Effect"`
	Principal struct {
		AWS any `json:"AWS"`
	} `json:"Principal"`
	Action   any    `json:"Action"`
	Resource string `json:"Resource"`
}

// AddPermission adds a statement named label to the policy of resource; "" is no
// policy yet. Statements that are there stay as they are.
func (s *Service) AddPermission(policy, resource, label string, accounts, actions []string) (string, error) {
	if err := s.edit.check(label, accounts, actions); err != nil {
		return "", err
	}
	doc := written{Version: "2008-10-17", ID: resource + "/" + s.prefix + "DefaultPolicy"}
	if policy != "" {
		var err error
		if doc, err = s.open(policy); err != nil {
			return "", err
		}
	}
	if slices.ContainsFunc(doc.Statement, func(r json.RawMessage) bool { return sidOf(r) == label }) {
		return "", s.edit.exists(label)
	}
	p := permission{Sid: label, Effect: "Allow", Resource: resource}
	p.Principal.AWS = oneOrMany(accounts, func(a string) string { return "arn:" + partitionOf(resource) + ":iam::" + a + ":root" })
	p.Action = oneOrMany(actions, func(a string) string { return s.prefix + ":" + a })
	doc.Statement = append(doc.Statement, encode(p))
	out := string(encode(doc))
	if _, err := s.Parse(out); err != nil {
		return "", err
	}
	return out, nil
}

// RemovePermission takes a statement out again; "" when none is left.
func (s *Service) RemovePermission(policy, label string) (string, error) {
	doc := written{}
	if policy != "" {
		var err error
		if doc, err = s.open(policy); err != nil {
			return "", err
		}
	}
	n := len(doc.Statement)
	doc.Statement = slices.DeleteFunc(doc.Statement, func(r json.RawMessage) bool { return sidOf(r) == label })
	switch {
	case len(doc.Statement) == n && s.edit.missing != nil:
		return "", s.edit.missing(label)
	case len(doc.Statement) == n:
		return policy, nil
	case len(doc.Statement) == 0:
		return "", nil
	}
	return string(encode(doc)), nil
}

// open reads a document that was accepted before, to change its statements.
func (s *Service) open(policy string) (w written, _ error) {
	d, err := s.Parse(policy)
	if err != nil {
		return w, err
	}
	top, err := members([]byte(policy), "Version", "Id", "Statement")
	if err != nil {
		return w, err
	}
	w = written{Version: d.Version, ID: d.ID}
	w.Statement, err = statementsOf(top["Statement"])
	return w, err
}

func sidOf(raw json.RawMessage) string {
	var s struct{ Sid string }
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s.Sid
}

// oneOrMany is how the services write lists: a list of one is its element.
func oneOrMany(values []string, f func(string) string) any {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = f(v)
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

func partitionOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 3); len(parts) == 3 && parts[1] != "" {
		return parts[1]
	}
	return "aws"
}

// encode writes JSON without HTML's escapes, on one line.
func encode(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil // these types always encode
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// DefaultTopicPolicy is what SNS gives a topic that was created without one: its
// owner may do everything.
func DefaultTopicPolicy(topic, owner string) string {
	type m = map[string]any
	return string(encode(written{Version: "2008-10-17", ID: "__default_policy_ID", Statement: []json.RawMessage{encode(struct {
		permission
		Condition m `json:"Condition"`
	}{permission{
		Sid: "__default_statement_ID", Effect: "Allow",
		Principal: struct {
			AWS any `json:"AWS"`
		}{"*"},
		Action: []string{"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
			"SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"},
		Resource: topic,
	}, m{"StringEquals": m{"AWS:SourceOwner": owner}}})}}))
}
