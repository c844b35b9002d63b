package config

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxName = 255    // bytes of a queue's, namespace's or user's name
	maxPath = 65_535 // bytes of a topic: what MQTT can carry
)

// badName says what is wrong with a name.
func badName(name string, longest int) string {
	switch {
	case name == "":
		return "is missing"
	case len(name) > longest:
		return "is longer than the limit"
	case !utf8.ValidString(name):
		return "is not UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}

// badTopic says what is wrong with a topic to be published to: a path without
// wildcards, outside what belongs to the broker.
func badTopic(path string) string {
	if why := badFilter(path); why != "" {
		return why
	}
	if strings.ContainsAny(path, "+#") {
		return "contains a wildcard"
	}
	return ""
}

// badGrant says what is wrong with a filter of a permission: $SYS can be read,
// and only who spells it out may.
func badGrant(filter string) string {
	switch {
	case filter == "$SYS" || strings.HasPrefix(filter, "$SYS/"):
		return badLevels(filter)
	case strings.HasPrefix(filter, "$queue/"):
		return "is a queue: write its name under queues"
	}
	return badFilter(filter)
}

// badFilter says what is wrong with an MQTT filter [MQTT-4.7.1].
func badFilter(filter string) string {
	if strings.HasPrefix(filter, "$") {
		return "begins with $: such topics belong to the broker"
	}
	return badLevels(filter)
}

func badLevels(filter string) string {
	if why := badName(filter, maxPath); why != "" {
		return why
	}
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case strings.Contains(level, "#") && (level != "#" || i != len(levels)-1):
			return "may have # only as its last level"
		case strings.Contains(level, "+") && level != "+":
			return "may have + only as a whole level"
		}
	}
	return ""
}

// shownName is the name in a message; one that is missing is not shown.
func shownName(name string) string {
	if name == "" {
		return ""
	}
	return " " + quote(name)
}

func (ps *problems) name(path, name string) {
	if why := badName(name, maxName); why != "" {
		ps.add(path, "the name%s %s", shownName(name), why)
	}
}

func (ps *problems) namespaces(c Config) {
	names := map[string]string{}
	pairs := map[string]string{c.AWS.AccountID + " " + c.AWS.Region: "the default namespace"}
	for i, ns := range c.Namespaces {
		path := at("namespaces", i, "name")
		ps.name(path, ns.Name)
		ps.unique(names, ns.Name, path, "the name")
		ps.accountID(at("namespaces", i, "account_id"), ns.AccountID)
		ps.region(at("namespaces", i, "region"), ns.Region)
		ps.unique(pairs, ns.AccountID+" "+ns.Region, at("namespaces", i, ""), "the account and region")
	}
}

// namespace checks a reference to one.
func (ps *problems) namespace(c Config, path, name string) {
	if name == "" {
		return
	}
	for _, ns := range c.Namespaces {
		if ns.Name == name {
			return
		}
	}
	ps.add(path, "there is no namespace %s under namespaces", quote(name))
}

var aliasForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.fifo)?$`)

func (ps *problems) alias(path, alias string, longest int) {
	if alias != "" && (!aliasForm.MatchString(alias) || len(alias) > longest) {
		ps.add(path, "%s is not up to %d letters, digits, - and _ (and .fifo)", quote(alias), longest)
	}
}

func (ps *problems) queues(c Config) {
	names, aliases := map[string]string{}, map[string]string{}
	for i, q := range c.Queues {
		ps.name(at("queues", i, "name"), q.Name)
		ps.namespace(c, at("queues", i, "namespace"), q.Namespace)
		ps.alias(at("queues", i, "alias"), q.Alias, 80)
		ps.uniqueIn(names, q.Namespace, q.Name, at("queues", i, "name"), "the name")
		ps.uniqueIn(aliases, q.Namespace, q.Alias, at("queues", i, "alias"), "the alias")
	}
}

func (ps *problems) topics(c Config) {
	names, aliases := map[string]string{}, map[string]string{}
	for i, t := range c.Topics {
		path := at("topics", i, "name")
		if why := badTopic(t.Name); why != "" {
			ps.add(path, "the topic%s %s", shownName(t.Name), why)
		}
		ps.namespace(c, at("topics", i, "namespace"), t.Namespace)
		ps.alias(at("topics", i, "alias"), t.Alias, 256)
		ps.uniqueIn(names, t.Namespace, t.Name, path, "the name")
		ps.uniqueIn(aliases, t.Namespace, t.Alias, at("topics", i, "alias"), "the alias")
	}
}

func (ps *problems) routes(c Config) {
	seen := map[string]string{}
	for i, r := range c.Routes {
		path := at("routes", i, "topic")
		if why := badFilter(r.Topic); why != "" {
			ps.add(path, "the filter%s %s", shownName(r.Topic), why)
		}
		ps.name(at("routes", i, "queue"), r.Queue)
		ps.namespace(c, at("routes", i, "namespace"), r.Namespace)
		if r.Queue != "" {
			ps.uniqueIn(seen, r.Namespace+"\x00"+r.Queue, r.Topic, path, "for this queue the filter")
		}
	}
}

func (ps *problems) policies(c Config) {
	names := map[string]string{}
	for i, p := range c.Policies {
		path := func(key string) string { return at("policies", i, key) }
		ps.name(path("name"), p.Name)
		ps.uniqueIn(names, p.Namespace, p.Name, path("name"), "the name")
		ps.namespace(c, path("namespace"), p.Namespace)
		if _, err := regexp.Compile(p.Pattern); err != nil {
			ps.add(path("pattern"), "%v", err)
		}
		if p.ApplyTo != "" {
			ps.oneOf(path("apply_to"), p.ApplyTo, "queues", "exchanges", "all")
		}
		if p.Overflow != "" {
			ps.oneOf(path("overflow"), p.Overflow, "drop-head", "reject-publish", "reject-publish-dlx")
		}
		const longestTTL = 100 * 365 * 24 * time.Hour
		between(ps, path("message_ttl"), p.MessageTTL, 0, longestTTL)
		between(ps, path("expires"), p.Expires, 0, longestTTL)
		between(ps, path("max_length"), p.MaxLength, 0, 1<<53-1)
		between(ps, path("max_length_bytes"), p.MaxLengthBytes, 0, 1<<53-1)
		between(ps, path("delivery_limit"), p.DeliveryLimit, 0, 1<<31)
		rest := p
		rest.Name, rest.Namespace, rest.Pattern, rest.ApplyTo, rest.Priority = "", "", "", "", 0
		if rest == (Policy{}) {
			ps.add(path("name"), "the policy%s sets nothing", shownName(p.Name))
		}
	}
}

// uniqueIn is unique among the elements of one namespace.
func (ps *problems) uniqueIn(seen map[string]string, namespace, value, path, what string) {
	if value == "" {
		return
	}
	key := namespace + "\x00" + value
	if first, ok := seen[key]; ok {
		ps.add(path, "%s has %s %s already", first, what, quote(value))
		return
	}
	seen[key] = path
}
