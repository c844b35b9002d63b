package config

import "slices"

// Names says whether something but a user is in a namespace.
func (c *Config) Names(namespace string) bool {
	return slices.ContainsFunc(c.Namespaces, func(n Namespace) bool { return n.Name == namespace }) ||
		slices.ContainsFunc(c.Queues, func(q Queue) bool { return q.Namespace == namespace }) ||
		slices.ContainsFunc(c.Topics, func(t Topic) bool { return t.Namespace == namespace }) ||
		slices.ContainsFunc(c.Routes, func(r Route) bool { return r.Namespace == namespace }) ||
		slices.ContainsFunc(c.Policies, func(p Policy) bool { return p.Namespace == namespace })
}
