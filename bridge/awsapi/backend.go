package awsapi

import (
	"github.com/slipwaymq/slipway/core"
)

// Backend is what the services stand on; whoever wires the program fills it.
type Backend struct {
	// Namespace is the namespace of an account and region. AWS clients of every
	// account and region share the default one unless configuration says otherwise.
	Namespace func(account, region string) (*core.Namespace, error)
	// Principal is whom a call acts for in the core. Nil means everybody is
	// anonymous, which is only right where anonymous clients are let in.
	Principal func(Principal) *core.Principal
	// Names are the configured aliases; nil means none.
	Names *Names

	policies Policies
}

// SetDefaults fills what may be left out; each service's New calls it.
func (b *Backend) SetDefaults() {
	if b.Names == nil {
		b.Names = NewNames()
	}
	if b.Principal == nil {
		anonymous := core.AnonymousPrincipal()
		b.Principal = func(Principal) *core.Principal { return anonymous }
	}
}

// DefaultNamespace is the resolver for a broker whose configuration maps no
// account or region.
func DefaultNamespace(b *core.Broker) func(account, region string) (*core.Namespace, error) {
	return func(string, string) (*core.Namespace, error) { return b.Default(), nil }
}

// For resolves a call: the namespace of an account and region, the call's own
// where they are empty, and whom the call acts for.
func (b *Backend) For(c *Call, account, region string) (*core.Namespace, *core.Principal, error) {
	if account == "" {
		account = c.Account
	}
	if region == "" {
		region = c.Region
	}
	ns, err := b.Namespace(account, region)
	if err != nil {
		return nil, nil, err
	}
	return ns, confine(b.Principal(c.Principal), ns), nil
}

// nobody has no permission; a policy may let even nobody in.
var nobody = &core.Principal{}

// confine keeps users to their own namespace, as every other door does: their
// permissions are not for queues of the same name in another.
func confine(who *core.Principal, ns *core.Namespace) *core.Principal {
	if who == nil || !who.Anonymous && who.Namespace != ns.Name() {
		return nobody
	}
	return who
}

// SignatureVersion is the attribute of that name of a topic, "" if nobody set it.
func (b *Backend) SignatureVersion(ns *core.Namespace, topicARN string) string {
	arn, err := ParseARN(topicARN)
	if err != nil {
		return ""
	}
	t, ok := b.Names.FindTopic(ns, arn.Resource)
	if !ok {
		return ""
	}
	return t.Attributes()["SignatureVersion"]
}
