package awsapi

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/core"
)

// A Question is whether a call may do something to a queue or topic.
type Question struct {
	Service  *policy.Service
	Policy   string // of the queue or topic; "" is none
	Action   string // sqs:SendMessage
	Resource string // ARN
	// Granted tells whether the caller's own permissions allow it.
	Granted bool
	// Own is an action of owners alone: no policy gives it to the unsigned.
	Own bool
	// Always is an action that no policy takes from who is granted it: who may
	// configure a queue can so undo a policy that shuts everybody out. AWS leaves
	// that to the root of the account, which is nobody here.
	Always bool
}

// Authorize answers a question; "" is yes, else the text of the refusal. A
// policy's Deny refuses everyone, its Allow admits whom no permission does, and
// where it says nothing the user's permissions decide.
func (b *Backend) Authorize(c *Call, who *core.Principal, q *Question) string {
	decision := policy.Neutral
	if q.Policy != "" && !(q.Always && q.Granted) {
		decision = b.decide(c, who, q)
	}
	switch {
	case decision == policy.Deny:
		return c.refusal(who, q, "with an explicit deny in a resource-based policy")
	case q.Granted, decision == policy.Allow && !(q.Own && c.unsigned(who)):
		return ""
	}
	return c.refusal(who, q, "because no identity-based policy allows the "+q.Action+" action")
}

func (b *Backend) decide(c *Call, who *core.Principal, q *Question) policy.Decision {
	d, ok := b.policies.Get(q.Service, q.Policy)
	if !ok {
		return policy.Deny // none of ours set it: it must not open anything
	}
	r := &policy.Request{Action: q.Action, Resource: q.Resource, Keys: c.conditionKeys(who)}
	if !c.unsigned(who) {
		r.Caller = policy.Caller{Account: c.Account, ARN: c.callerARN()}
	}
	return d.Decide(r)
}

// unsigned tells that nobody vouches for the call, where that matters.
func (c *Call) unsigned(who *core.Principal) bool {
	return c.Principal.Anonymous() && (who == nil || !who.Anonymous)
}

// callerARN is a user's, or that of the account's root where everybody may do
// everything.
func (c *Call) callerARN() string {
	resource := "root"
	if !c.Principal.Anonymous() {
		resource = "user/" + c.Principal.User
	}
	return ARN{Partition: PartitionOf(c.Region), Service: "iam", Account: c.Account, Resource: resource}.String()
}

// conditionKeys are what conditions of a policy may ask of a call. Where everybody
// may do everything there is no TLS to ask for: a template's "deny what is not
// TLS" does not apply there.
func (c *Call) conditionKeys(who *core.Principal) policy.Keys {
	now := time.Now().UTC()
	keys := policy.Keys{
		"aws:currenttime": {now.Format(time.RFC3339)}, "aws:epochtime": {strconv.FormatInt(now.Unix(), 10)},
	}
	if host, _, err := net.SplitHostPort(c.Remote); err == nil {
		keys["aws:sourceip"] = []string{host}
	}
	if tls := strings.HasPrefix(c.BaseURL, "https://"); tls || who == nil || !who.Anonymous {
		keys["aws:securetransport"] = []string{strconv.FormatBool(tls)}
	}
	if !c.unsigned(who) {
		keys["aws:principalarn"] = []string{c.callerARN()}
		keys["aws:principalaccount"] = []string{c.Account}
	}
	if !c.Principal.Anonymous() {
		keys["aws:username"], keys["aws:userid"] = []string{c.Principal.User}, []string{c.Principal.AccessKeyID}
	}
	return keys
}

// refusal is in AWS's words.
func (c *Call) refusal(who *core.Principal, q *Question, because string) string {
	if c.unsigned(who) {
		return "Access to the resource " + q.Resource + " is denied."
	}
	return "User: " + c.callerARN() + " is not authorized to perform: " + q.Action + " on resource: " + q.Resource + " " + because
}

// Policies keeps parsed documents, which every request asks for.
type Policies struct {
	mu     sync.Mutex
	parsed map[policyText]*policy.Document // guarded by mu
}

type policyText struct {
	service *policy.Service
	text    string
}

// maxPolicies bounds the memory of parsed documents; past it all are parsed anew.
const maxPolicies = 1000

// Get parses a document, or finds it parsed; false: it is none of the service's.
func (p *Policies) Get(s *policy.Service, text string) (*policy.Document, bool) {
	key := policyText{s, text}
	p.mu.Lock()
	defer p.mu.Unlock()
	if d, ok := p.parsed[key]; ok {
		return d, true
	}
	d, err := s.Parse(text)
	if err != nil {
		return nil, false
	}
	if p.parsed == nil || len(p.parsed) >= maxPolicies {
		p.parsed = map[policyText]*policy.Document{}
	}
	p.parsed[key] = d
	return d, true
}
