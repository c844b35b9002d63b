package policy

import (
	"fmt"
	"strings"
)

// Error is what a service says of a policy or a permission. SQS gives Text as it
// is, with the code that Kind stands for; SNS puts "Invalid parameter: " before it.
type Error struct {
	Kind Kind
	Text string
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// Kind tells which code an Error has in SQS. SNS has InvalidParameter for all.
type Kind int

// The kinds, by SQS's codes.
const (
	InvalidAttributeValue Kind = iota // the attribute Policy
	InvalidParameterValue             // a parameter of AddPermission or RemovePermission
	MissingParameter
	OverLimit
)

// Service is what SQS and SNS do differently.
type Service struct {
	prefix   string // of actions in documents that the service writes
	maxBytes int
	invalid  string // text for a document that is none
	tooLarge string

	check func(*Document) *Error // what the service asks of a document beside the grammar
	edit  editor
}

const badQueuePolicy = "Invalid value for the parameter Policy."

// SQS and SNS are the services.
var (
	SQS = &Service{
		prefix: "SQS", maxBytes: 8192, invalid: badQueuePolicy, tooLarge: badQueuePolicy,
		check: checkQueuePolicy, edit: queueEditor,
	}
	SNS = &Service{
		prefix: "SNS", maxBytes: 30_720,
		invalid: "Policy Error: null", tooLarge: "Policy exceeds the maximum size of 30 KB.",
		check: checkTopicPolicy, edit: topicEditor,
	}
)

// Parse reads the value of the attribute Policy; "" is no policy, and nil.
func (s *Service) Parse(text string) (*Document, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > s.maxBytes {
		return nil, &Error{Text: s.tooLarge}
	}
	d, err := parse(text)
	if err != nil {
		return nil, &Error{Text: s.invalid}
	}
	if err := s.check(d); err != nil {
		return nil, err
	}
	return d, nil
}

// Limits of a queue's policy.
const (
	maxStatements = 20
	maxPrincipals = 50
	maxConditions = 10
	maxActions    = 7 // of one statement
)

func checkQueuePolicy(d *Document) *Error {
	principals, conditions := 0, 0
	for i := range d.statements {
		s := &d.statements[i]
		principals += s.principals.count
		conditions += len(s.conditions)
		if len(s.actions) > maxActions {
			return &Error{Kind: OverLimit, Text: fmt.Sprintf("%d Actions were found, maximum allowed is %d.", len(s.actions), maxActions)}
		}
		for _, a := range s.actions {
			if a.source != "*" && !strings.HasPrefix(a.source, "sqs:") {
				return &Error{Text: badQueuePolicy}
			}
		}
	}
	if len(d.statements) > maxStatements || principals > maxPrincipals || conditions > maxConditions {
		return &Error{Text: badQueuePolicy}
	}
	return nil
}

// accountActions are actions of SNS that have no topic: a topic's policy must not
// name one, by a wildcard neither.
var accountActions = []string{
	"sns:createtopic", "sns:listtopics", "sns:listsubscriptions", "sns:unsubscribe", "sns:getsubscriptionattributes",
	"sns:setsubscriptionattributes", "sns:createplatformapplication", "sns:createplatformendpoint", "sns:deleteendpoint",
	"sns:getendpointattributes", "sns:setendpointattributes", "sns:getsmsattributes", "sns:setsmsattributes",
	"sns:checkifphonenumberisoptedout", "sns:optinphonenumber", "sns:verifysmssandboxphonenumber",
}

// topicActions are the actions of topics.
var topicActions = []string{
	"sns:gettopicattributes", "sns:settopicattributes", "sns:addpermission", "sns:removepermission", "sns:deletetopic",
	"sns:subscribe", "sns:listsubscriptionsbytopic", "sns:publish", "sns:receive", "sns:confirmsubscription",
	"sns:tagresource", "sns:untagresource", "sns:listtagsforresource", "sns:getdataprotectionpolicy", "sns:putdataprotectionpolicy",
}

const outOfScope = "Policy statement action out of service scope!"

func checkTopicPolicy(d *Document) *Error {
	for i := range d.statements {
		s := &d.statements[i]
		for _, a := range s.actions {
			if matchesAny(a, accountActions) || !matchesAny(a, topicActions) {
				return &Error{Text: outOfScope}
			}
		}
		if len(s.resources) > 1 || s.notRes {
			return &Error{Text: "Policy statement must apply to a single resource!"}
		}
	}
	return nil
}

func matchesAny(p pattern, actions []string) bool {
	for _, a := range actions {
		if p.matches(a, nil) {
			return true
		}
	}
	return false
}
