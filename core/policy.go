package core

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
)

// A Policy sets arguments of the queues and exchanges whose name it matches,
// from outside of whoever declares them, as RabbitMQ's policies do. Of those
// that match the one with the highest Priority counts, alone.
//
// What Definition may hold, by RabbitMQ's names:
//
//	message-ttl              ms; 0: what no consumer waits for expires at once
//	expires                  ms, above 0
//	max-length               messages; 0: none
//	max-length-bytes         bytes
//	overflow                 drop-head, reject-publish or reject-publish-dlx
//	dead-letter-exchange     name; "": the default exchange
//	dead-letter-routing-key  without it dead letters keep theirs
//	delivery-limit           redeliveries; after so many the next one dead-letters
//	alternate-exchange       name; the one of these that is for exchanges
//
// and, without effect here, those that Inert knows.
//
// Where the declaration sets the same, the lower of two numbers counts, and of
// anything else the declaration.
type Policy struct {
	Name       string         `json:"-"`
	Pattern    string         `json:"pattern"`           // a regular expression in Go's syntax (RE2), anywhere in the name
	ApplyTo    string         `json:"applyTo,omitempty"` // queues, exchanges or all (default)
	Priority   int            `json:"priority,omitempty"`
	Definition map[string]any `json:"definition"`

	// Configured says that it comes from the configuration: it is not stored
	// and cannot be changed or deleted.
	Configured bool `json:"-"`
}

// policy is a Policy, compiled.
type policy struct {
	Policy
	pattern *regexp.Regexp
	set     settings
}

// settings are a definition's values; nil where it says nothing.
type settings struct {
	ttl, expires, length, bytes, deliveries *int64
	overflow                                *Overflow
	deadLetter, deadKey, alternate          *string
}

var overflows = map[string]Overflow{
	"drop-head": DropHead, "reject-publish": RejectPublish, "reject-publish-dlx": RejectPublishDeadLetter,
}

// PolicySettings are the names that a definition may hold.
func PolicySettings() []string {
	all := slices.Collect(maps.Keys(settingReaders))
	return slices.Sorted(slices.Values(slices.AppendSeq(all, maps.Keys(inert))))
}

// settingReaders read one value of a definition into settings.
var settingReaders = map[string]func(s *settings, v any) bool{
	"message-ttl":             func(s *settings, v any) bool { return number(&s.ttl, v, 0, longestTTL) },
	"expires":                 func(s *settings, v any) bool { return number(&s.expires, v, 1, longestTTL) },
	"max-length":              func(s *settings, v any) bool { return number(&s.length, v, 0, highestCount) },
	"max-length-bytes":        func(s *settings, v any) bool { return number(&s.bytes, v, 0, highestCount) },
	"delivery-limit":          func(s *settings, v any) bool { return number(&s.deliveries, v, 0, 1<<31) },
	"dead-letter-exchange":    func(s *settings, v any) bool { return text(&s.deadLetter, v) },
	"dead-letter-routing-key": func(s *settings, v any) bool { return text(&s.deadKey, v) },
	"alternate-exchange":      func(s *settings, v any) bool { return text(&s.alternate, v) },
	"overflow": func(s *settings, v any) bool {
		name, _ := v.(string)
		o, ok := overflows[name]
		s.overflow = &o
		return ok
	},
}

const (
	longestTTL   = 100 * 365 * 24 * 3_600_000 // ms, as in RabbitMQ
	highestCount = 1<<53 - 1                  // what JSON can say exactly
)

// number reads a whole number as JSON or YAML gives it.
func number(to **int64, v any, least, most int64) bool {
	var n int64
	switch v := v.(type) {
	case int:
		n = int64(v)
	case int64:
		n = v
	case uint64:
		n = int64(min(v, highestCount+1))
	case float64:
		if n = int64(v); float64(n) != v {
			return false
		}
	default:
		return false
	}
	*to = &n
	return n >= least && n <= most
}

func text(to **string, v any) bool {
	s, ok := v.(string)
	*to = &s
	return ok && len(s) <= maxName
}

// compile checks a policy. Invalid: what is wrong with it.
func (p Policy) compile() (*policy, error) {
	c := &policy{Policy: p}
	if c.ApplyTo == "" {
		c.ApplyTo = "all"
	}
	c.Definition = maps.Clone(p.Definition)
	switch {
	case p.Name == "" || len(p.Name) > maxName:
		return nil, errf(Invalid, "a policy name has 1 to %d bytes", maxName)
	case !slices.Contains([]string{"all", "queues", "exchanges"}, c.ApplyTo):
		return nil, errf(Invalid, "policy %q applies to queues, exchanges or all, not to %q", p.Name, p.ApplyTo)
	case len(p.Definition) == 0:
		return nil, errf(Invalid, "policy %q sets nothing", p.Name)
	}
	var err error
	if c.pattern, err = regexp.Compile(p.Pattern); err != nil {
		return nil, errf(Invalid, "policy %q: %v", p.Name, err)
	}
	return c, c.readSettings()
}

// readSettings checks the definition. The error's Field is the setting that is wrong.
func (p *policy) readSettings() error {
	wrong := ""
	for _, name := range slices.Sorted(maps.Keys(p.Definition)) {
		v := p.Definition[name]
		read, idle := settingReaders[name], inert[name]
		switch {
		case read == nil && idle.valid == nil:
			err := errf(Invalid, "policy %q: there is no setting %q", p.Name, name)
			err.Field = name
			return err
		case read != nil && !read(&p.set, v), idle.valid != nil && !idle.valid(v):
			wrong = cmp.Or(wrong, name)
		}
	}
	if wrong = cmp.Or(wrong, mirrors(p.Definition)); wrong == "" {
		return nil
	}
	err := errf(Invalid, "policy %q: %s cannot be %v", p.Name, wrong, p.Definition[wrong])
	err.Field = wrong
	return err
}

// CheckPolicy says what is wrong with a policy (Invalid), if anything.
func CheckPolicy(p Policy) error {
	_, err := p.compile()
	return err
}

func (p *policy) covers(kind, name string) bool {
	return (p.ApplyTo == "all" || p.ApplyTo == kind) && p.pattern.MatchString(name)
}

// SetPolicy adds or replaces a policy and applies it; durable when it returns.
// Invalid: what CheckPolicy says. Denied: the configuration has one of the name.
func (ns *Namespace) SetPolicy(p Policy) error {
	p.Configured = false
	c, err := p.compile()
	if err != nil {
		return err
	}
	return ns.changePolicy(p.Name, func() error {
		ns.policies[p.Name] = c
		return nil
	})
}

// DeletePolicy removes a policy; durable when it returns. NotFound: there is
// none. Denied: it is the configuration's.
func (ns *Namespace) DeletePolicy(name string) error {
	return ns.changePolicy(name, func() error {
		if ns.policies[name] == nil {
			return errf(NotFound, "no policy %q", name)
		}
		delete(ns.policies, name)
		return nil
	})
}

func (ns *Namespace) changePolicy(name string, change func() error) error {
	ns.mu.Lock()
	err := ns.defined()
	if old := ns.policies[name]; err != nil {
		// it says why
	} else if old != nil && old.Configured {
		err = errf(Denied, "policy %q is set by the configuration", name)
	} else {
		err = change()
	}
	ns.mu.Unlock()
	if err != nil {
		return err
	}
	ns.applyPolicies()
	return ns.b.wait(Durable, func(g *staging) { ns.stagePolicy(g, name) })
}

// ConfigurePolicies sets those that the configuration has in place of all that
// it had; they hide stored ones of the same name. Invalid: what CheckPolicy says.
func (ns *Namespace) ConfigurePolicies(ps []Policy) error {
	next := map[string]*policy{}
	for _, p := range ps {
		p.Configured = true
		c, err := p.compile()
		if err != nil {
			return err
		}
		next[p.Name] = c
	}
	ns.mu.Lock()
	maps.DeleteFunc(ns.policies, func(_ string, p *policy) bool { return p.Configured })
	maps.Copy(ns.policies, next)
	ns.mu.Unlock()
	ns.applyPolicies()
	return nil
}

// stagePolicy makes the store follow what the policy is by now.
func (ns *Namespace) stagePolicy(g *staging, name string) {
	ns.mu.RLock()
	p := ns.policies[name]
	ns.mu.RUnlock()
	if ns.erased.Load() {
		return
	}
	if p == nil || p.Configured {
		g.batch.Delete(defKey('p', ns.name, name))
		return
	}
	val, err := json.Marshal(p.Policy)
	if err != nil {
		ns.b.log.Error("a policy cannot be stored", "policy", name, "error", err)
		return
	}
	g.batch.Set(defKey('p', ns.name, name), val)
}

func (r *recovery) policy(ns *Namespace, name string, val []byte) error {
	p := Policy{Name: name}
	if err := json.Unmarshal(val, &p); err != nil {
		return err
	}
	c, err := p.compile()
	if err != nil {
		return err
	}
	ns.policies[name] = c
	return nil
}

// Policies lists them, ordered by name.
func (ns *Namespace) Policies() []Policy {
	ns.mu.RLock()
	list := make([]Policy, 0, len(ns.policies))
	for _, p := range ns.policies {
		cp := p.Policy
		cp.Definition = maps.Clone(cp.Definition)
		list = append(list, cp)
	}
	ns.mu.RUnlock()
	slices.SortFunc(list, func(a, b Policy) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// policyFor is the policy that counts for a name, nil for none. Lock held.
func (ns *Namespace) policyFor(kind, name string) (found *policy) {
	for _, p := range ns.policies {
		if found != nil && (p.Priority < found.Priority || p.Priority == found.Priority && p.Name > found.Name) {
			continue
		}
		if p.covers(kind, name) {
			found = p
		}
	}
	return found
}

// applyPolicies has every queue and exchange follow the policies there are now.
func (ns *Namespace) applyPolicies() {
	ns.mu.Lock()
	queues := slices.Collect(maps.Values(ns.queues))
	for _, x := range ns.exchanges {
		x.setPolicy(ns.policyFor("exchanges", x.name))
	}
	ns.mu.Unlock()
	for _, q := range queues {
		ns.mu.RLock()
		p := ns.policyFor("queues", q.name)
		q.mu.Lock() // under the other lock: the last change counts
		ns.mu.RUnlock()
		var dirty []Flusher
		if q.policy != p {
			q.setPolicy(p)
			q.dispatch(&dirty)
		}
		q.mu.Unlock()
		flushAll(&dirty)
	}
}

// setPolicy makes the exchange follow a policy, or none. Namespace lock held.
func (x *Exchange) setPolicy(p *policy) {
	x.alternate, x.policy = x.opt.Alternate, ""
	if p == nil {
		return
	}
	x.policy = p.Name
	if a := p.set.alternate; x.alternate == "" && a != nil {
		x.alternate = *a
	}
}

// Policy is the name of the policy that counts for the exchange, "" for none.
func (x *Exchange) Policy() string {
	x.ns.mu.RLock()
	defer x.ns.mu.RUnlock()
	return x.policy
}

// Policy is the policy that counts for the queue; ok is false if none does.
func (q *Queue) Policy() (p Policy, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.policy == nil {
		return p, false
	}
	p = q.policy.Policy
	p.Definition = maps.Clone(p.Definition)
	return p, true
}

// Effective is the options in force: those declared, as a policy changes them.
func (q *Queue) Effective() QueueOptions {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.opt.clone()
}

// asDeclared is the options without any policy. Lock held.
func (q *Queue) asDeclared() *QueueOptions {
	if q.declared != nil {
		return q.declared
	}
	return q.opt
}

// setPolicy makes the queue follow a policy, or none. Lock held; the caller
// dispatches.
func (q *Queue) setPolicy(p *policy) {
	if q.declared != nil {
		q.opt, q.declared = q.declared, nil
	}
	q.policy = p
	if p != nil && !q.gate { // a gate keeps nothing that a policy could be about
		changed := q.opt.clone()
		p.set.apply(&changed)
		q.opt, q.declared = q.ns.b.options.share(changed), q.opt
	}
	if q.st.ready > 0 && (q.opt.MessageTTL != 0 || q.opt.Retention > 0) {
		q.st.expiry = q.ns.b.Now()
	}
}

func (s *settings) apply(o *QueueOptions) {
	const ms = 1_000_000
	lower((*int64)(&o.MessageTTL), s.ttl, ms)
	lower((*int64)(&o.Expires), s.expires, ms)
	lower(&o.MaxLength, s.length, 1)
	lower(&o.MaxBytes, s.bytes, 1)
	if s.deliveries != nil {
		deliveries := int64(o.MaxDeliveries)
		first := *s.deliveries + 1 // the first delivery is no redelivery
		lower(&deliveries, &first, 1)
		o.MaxDeliveries = int(deliveries)
	}
	if s.overflow != nil && o.Overflow == DropHead {
		o.Overflow = *s.overflow
	}
	if s.deadLetter != nil && o.DeadLetter.Kind == NoAddress {
		o.DeadLetter = ExchangeAddress(*s.deadLetter, "")
	}
	if s.deadKey != nil && o.DeadLetter.Kind == ToExchange && o.DeadLetter.Key == "" {
		o.DeadLetter.Key = *s.deadKey
	}
}

// lower sets a limit to the lower of what it is and n units, where 0 is no
// limit and below 0 is one of nothing.
func lower(limit *int64, n *int64, unit int64) {
	if n == nil {
		return
	}
	v := *n * unit
	if v == 0 {
		v = -1
	}
	if *limit == 0 || v < *limit {
		*limit = v
	}
}
