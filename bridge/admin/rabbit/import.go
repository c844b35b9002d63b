package rabbit

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

// definitionsBody is a RabbitMQ export. What it may hold besides, RabbitMQ does
// not look at either.
type definitionsBody struct {
	Users       []userBody        `json:"users"`
	VHosts      []vhostBody       `json:"vhosts"`
	Permissions []permissionBody  `json:"permissions"`
	Topics      []topicBody       `json:"topic_permissions"`
	Parameters  []parameterBody   `json:"parameters"`
	Globals     []json.RawMessage `json:"global_parameters"`
	Policies    []policyBody      `json:"policies"`
	Queues      []queueBody       `json:"queues"`
	Exchanges   []exchangeBody    `json:"exchanges"`
	Bindings    []bindingBody     `json:"bindings"`
}

// A line says what became of one thing of an import.
type line struct {
	What   string `json:"what"` // queue, exchange, ...
	VHost  string `json:"vhost,omitempty"`
	Name   string `json:"name"`
	Result string `json:"result"` // kept, changed, dropped
	Why    string `json:"why,omitempty"`
}

// What becomes of a thing.
const (
	kept    = "kept"
	changed = "changed"
	dropped = "dropped"
)

// level is the log's: what the old broker had and this one has not is a warning,
// since rabbitmqadmin sends its users to the log to see how an import went.
func (l line) level() slog.Level {
	if l.Result == dropped {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// importing is one import under way. It goes on past what cannot be, and tells.
type importing struct {
	s     *Service
	r     *request
	only  *core.Namespace            // nil: each thing names its own
	seen  map[string]*core.Namespace // by name: where things go
	lines []line
}

func (s *Service) importAll(w http.ResponseWriter, r *request) error { return s.load(w, r, nil) }

func (s *Service) importOne(w http.ResponseWriter, r *request) error { return s.load(w, r, r.ns) }

func (s *Service) load(w http.ResponseWriter, r *request, only *core.Namespace) error {
	d, err := read[definitionsBody](r, maxDefinitions)
	if err != nil {
		return err
	}
	in := &importing{s: s, r: r, only: only, seen: map[string]*core.Namespace{}}
	for _, ns := range s.seen(r.caller) {
		in.seen[ns.Name()] = ns
	}
	in.vhosts(d.VHosts)
	in.accounts(&d)
	in.parameters(d.Parameters)
	in.refused(&d)
	in.policies(d.Policies)
	in.exchanges(d.Exchanges)
	in.queues(d.Queues)
	in.bindings(d.Bindings)
	for _, l := range in.lines {
		s.cfg.Log.Log(r.Context(), l.level(), "definition imported", "what", l.What, "vhost", l.VHost, "name", l.Name,
			"result", l.Result, "why", l.Why, "user", r.who.Name)
	}
	return answer(w, http.StatusOK, row{"imported": append([]line{}, in.lines...)})
}

func (in *importing) say(what, vhost, name, result, why string) {
	in.lines = append(in.lines, line{what, vhost, name, result, why})
}

// tell says what became of something that needed no change.
func (in *importing) tell(what, vhost, name string, err error) {
	in.lines = append(in.lines, outcome(what, vhost, name, err))
}

// outcome is the line of something that needed no change.
func outcome(what, vhost, name string, err error) line {
	if err == nil {
		return line{What: what, VHost: vhost, Name: name, Result: kept}
	}
	e := (*apiError)(nil)
	if !errors.As(err, &e) {
		e = ofCore(err)
	}
	return line{what, vhost, name, dropped, e.Reason}
}

// writers is how many definitions of an import wait for the disk at once: one
// write of it is for all that wait.
const writers = 64

// each has f make n things and tell what became of each; "" in Result: nothing.
func (in *importing) each(n int, f func(i int) line) {
	lines := make([]line, n)
	together(n, writers, func(i int) { lines[i] = f(i) })
	in.lines = append(in.lines, slices.DeleteFunc(lines, func(l line) bool { return l.Result == "" })...)
}

// namespace finds where a thing goes.
func (in *importing) namespace(vhost string) (*core.Namespace, error) {
	if in.r.caller.Account() && !IsAdministrator(in.r.caller) { // not any more: an import may take long
		return nil, errNotAdministrator
	}
	if in.only != nil {
		return in.only, nil
	}
	if ns := in.seen[namespaceOf(vhost)]; ns != nil {
		return ns, nil
	}
	return nil, invalid("bad_request", "there is no vhost "+vhost)
}

func (in *importing) vhosts(all []vhostBody) {
	for _, v := range all {
		_, err := in.namespace(v.Name)
		if err != nil && in.mayMake() {
			var ns *core.Namespace
			if ns, err = v.make(in.s.cfg.Broker, v.Name); err == nil {
				in.seen[ns.Name()] = ns
			}
		}
		in.tell("vhost", "", v.Name, err)
	}
}

// refused is what is set elsewhere, or not at all.
func (in *importing) refused(d *definitionsBody) {
	for _, group := range []struct {
		what, why string
		all       []json.RawMessage
	}{
		{"global parameter", "there is nothing that would use it", d.Globals},
	} {
		for _, raw := range group.all {
			var x struct{ Name, User, VHost string }
			_ = json.Unmarshal(raw, &x) // for its name only
			in.say(group.what, x.VHost, x.Name+x.User, dropped, group.why)
		}
	}
}

func (in *importing) policies(all []policyBody) {
	for _, b := range all {
		ns, err := in.namespace(b.VHost)
		if err != nil {
			in.tell("policy", b.VHost, b.Name, err)
			continue
		}
		in.policy(ns, &b)
	}
}

// policy sets what there is of a policy, and tells of settings that there are not, such
// as federation's, and of those without effect.
func (in *importing) policy(ns *core.Namespace, b *policyBody) {
	p, lost := b.policy(b.Name), unknownSettings(b.Definition)
	for _, name := range lost {
		delete(p.Definition, name)
	}
	why := inertSettings(p.Definition)
	switch err := ns.SetPolicy(p); {
	case len(p.Definition) == 0:
		in.say("policy", vhostOf(ns), b.Name, dropped, "it sets only "+strings.Join(lost, ", "))
	case err != nil:
		in.tell("policy", vhostOf(ns), b.Name, worded(settingError(err, p.Definition), plainly))
	case len(lost) > 0:
		in.say("policy", vhostOf(ns), b.Name, changed, strings.TrimSuffix("without "+strings.Join(lost, ", ")+"; "+why, "; "))
	case why != "":
		in.say("policy", vhostOf(ns), b.Name, changed, why)
	default:
		in.tell("policy", vhostOf(ns), b.Name, nil)
	}
}

func (in *importing) exchanges(all []exchangeBody) {
	in.each(len(all), func(i int) line {
		b := &all[i]
		ns, err := in.namespace(b.VHost)
		if err == nil {
			var o core.ExchangeOptions
			if o, err = b.options(vhostOf(ns), b.Name); err == nil {
				_, err = declareExchange(ns, b.Name, o)
			}
		}
		return outcome("exchange", b.VHost, b.Name, err)
	})
}

func (in *importing) queues(all []queueBody) {
	in.each(len(all), func(i int) line {
		b := &all[i]
		ns, err := in.namespace(b.VHost)
		var o core.QueueOptions
		if err == nil {
			if o, err = b.options(vhostOf(ns), b.Name); err == nil {
				_, err = declareQueue(ns, b.Name, o)
			}
		}
		if why := without(b.Arguments); err == nil && why != "" {
			return line{"queue", b.VHost, b.Name, changed, why}
		}
		return outcome("queue", b.VHost, b.Name, err)
	})
}

// without says which arguments of a queue are kept and shown, without effect.
func without(arguments map[string]any) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		switch name {
		case "x-queue-type":
			if arguments[name] != "classic" {
				all = append(all, fmt.Sprintf("%s %v: there is one kind of queue", name, arguments[name]))
			}
		case "x-queue-mode", "x-queue-version", "x-queue-master-locator", "x-queue-leader-locator", "x-quorum-initial-group-size", "x-max-in-memory-length", "x-max-in-memory-bytes":
			all = append(all, name+" is without effect")
		}
	}
	return strings.Join(all, "; ")
}

func (in *importing) bindings(all []bindingBody) {
	in.each(len(all), func(i int) line {
		b := &all[i]
		ns, err := in.namespace(b.VHost)
		if err == nil && b.Source == "" {
			return line{} // each queue's own
		}
		if err == nil {
			_, err = bind(ns, b)
		}
		return outcome("binding", b.VHost, b.Source+" -> "+b.Destination+" "+b.RoutingKey, err)
	})
}
