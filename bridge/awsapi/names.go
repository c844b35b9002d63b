package awsapi

import (
	"strings"
	"sync"

	"github.com/slipwaymq/slipway/core"
)

// Names translates between names in the core and what SQS and SNS can spell:
// configured aliases first, then the computed ones (alias.go). Set is called
// before anything is served; the rest is safe for concurrent use.
type Names struct {
	queues, topics aliases
}

// NewNames makes an empty table.
func NewNames() *Names {
	n := &Names{}
	n.queues.compute, n.topics.compute = QueueAlias, TopicAlias
	return n
}

// SetQueue and SetTopic configure an alias; a namespace of "" is the default one.
func (n *Names) SetQueue(namespace, name, alias string) { n.queues.set(namespace, name, alias) }

// SetTopic is SetQueue for a topic's path.
func (n *Names) SetTopic(namespace, path, alias string) { n.topics.set(namespace, path, alias) }

// Queue is a queue's name as SQS spells it.
func (n *Names) Queue(ns *core.Namespace, name string) string { return n.queues.of(ns.Name(), name) }

// Topic is a topic's path as SNS spells it.
func (n *Names) Topic(ns *core.Namespace, path string) string { return n.topics.of(ns.Name(), path) }

// FindQueue finds a queue by what SQS calls it, or by its own name.
func (n *Names) FindQueue(ns *core.Namespace, shown string) (*core.Queue, bool) {
	if q, ok := ns.Queue(shown); ok {
		return q, true
	}
	name, ok := n.queues.find(ns.Name(), shown, func(yield func(string) bool) {
		for _, q := range ns.Queues("", true) {
			if !yield(q.Name()) {
				return
			}
		}
	})
	if !ok {
		return nil, false
	}
	return ns.Queue(name)
}

// FindTopic finds a created topic by what SNS calls it, or by its path.
func (n *Names) FindTopic(ns *core.Namespace, shown string) (*core.Topic, bool) {
	if t, ok := ns.Topic(shown); ok {
		return t, true
	}
	path, ok := n.topics.find(ns.Name(), shown, func(yield func(string) bool) {
		for _, t := range ns.Topics() {
			if !yield(t.Path()) {
				return
			}
		}
	})
	if !ok {
		return nil, false
	}
	return ns.Topic(path)
}

// aliases are those of one kind of name.
type aliases struct {
	compute    func(string) string  // immutable
	configured map[[2]string]string // immutable once serving: namespace, name -> alias
	names      map[[2]string]string // immutable once serving: namespace, alias -> name

	mu    sync.Mutex
	found map[[2]string]string // guarded by mu; computed aliases that were looked up
}

func (a *aliases) set(namespace, name, alias string) {
	if a.configured == nil {
		a.configured, a.names = map[[2]string]string{}, map[[2]string]string{}
	}
	a.configured[[2]string{namespace, name}] = alias
	a.names[[2]string{namespace, alias}] = name
}

func (a *aliases) of(namespace, name string) string {
	if alias, ok := a.configured[[2]string{namespace, name}]; ok {
		return alias
	}
	return a.compute(name)
}

// maxFound bounds the memory of computed aliases; past it they are computed anew.
const maxFound = 10_000

// find turns an alias into the name it stands for. A computed alias is found by
// computing everybody's, once; that the name still exists is the caller's to check.
func (a *aliases) find(namespace, alias string, all func(func(string) bool)) (string, bool) {
	key := [2]string{namespace, alias}
	if name, ok := a.names[key]; ok {
		return name, true
	}
	if !looksComputed(alias) {
		return "", false
	}
	a.mu.Lock()
	name, ok := a.found[key]
	a.mu.Unlock()
	if ok {
		return name, true
	}
	for name := range all {
		if a.of(namespace, name) != alias {
			continue
		}
		a.mu.Lock()
		if a.found == nil || len(a.found) >= maxFound {
			a.found = map[[2]string]string{}
		}
		a.found[[2]string{namespace, strings.Clone(alias)}] = name
		a.mu.Unlock()
		return name, true
	}
	return "", false
}

// looksComputed spares names that are simply unknown the search: a computed alias
// ends in `-` and 8 hex digits.
func looksComputed(alias string) bool {
	alias = strings.TrimSuffix(alias, fifo)
	if len(alias) < 9 || alias[len(alias)-9] != '-' {
		return false
	}
	return strings.Trim(alias[len(alias)-8:], "0123456789abcdef") == ""
}
