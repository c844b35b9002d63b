package core

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/slipwaymq/slipway/core/match"
)

// BindingKey is the Key of a binding from an exchange to a queue or another
// exchange: by it the same four are the same binding, as in AMQP. A Binding
// with an Exchange and no Key of its own gets it.
func BindingKey(exchange string, to Address, routingKey string, arguments []Header) string {
	key := "exchange " + strconv.Quote(exchange) + " " + strconv.Quote(to.String()) + " " + strconv.Quote(routingKey)
	if len(arguments) > 0 {
		sum := sha256.Sum256(codecAppendHeaders(nil, sortedHeaders(arguments)))
		key += " " + hex.EncodeToString(sum[:16])
	}
	return key
}

func sortedHeaders(hs []Header) []Header {
	hs = slices.Clone(hs)
	slices.SortStableFunc(hs, func(a, b Header) int { return cmpString(a.Name, b.Name) })
	return hs
}

// target is what the binding puts into.
func (b *Binding) target() Address {
	if b.Target != nil {
		return ExchangeAddress(b.Target.name, "")
	}
	if b.Queue != nil {
		return QueueAddress(b.Queue.name)
	}
	return Address{}
}

// prepareExchange checks what is an exchange's in a binding, and turns one of
// amq.topic into one of the tree.
func (b *Binding) prepareExchange(ns *Namespace) (err error) {
	if b.Target != nil && b.Queue != nil {
		return errf(Invalid, "a binding has one target")
	}
	if b.Exchange == "" && b.Target == nil {
		return nil
	}
	if b.Key == "" {
		b.Key = BindingKey(b.Exchange, b.target(), b.RoutingKey, b.Arguments)
	}
	b.KeepDurable, b.KeepTransient = true, true
	if b.Exchange == "" {
		return nil
	}
	x, ok := ns.Exchange(b.Exchange)
	if !ok {
		return errf(NotFound, "no exchange %q", b.Exchange)
	}
	left := codecMaxValues
	if err := codecCheckHeaders(b.Arguments, 0, &left); err != nil {
		return err
	}
	switch x.kind {
	case ExchangeTopic:
		if b.Filter, err = match.ParseDotted(b.RoutingKey); err != nil {
			return errf(Invalid, "routing key: %v", err)
		}
	case ExchangeHeaders:
		b.headers, err = compileHeaders(b.Arguments)
	case ExchangeHash:
		b.weight, err = hashWeight(b.RoutingKey)
	}
	if b.source = x; x.tree() {
		b.Exchange, b.source = "", nil
	}
	return err
}

// add and remove change what the exchange routes by. Namespace lock held.
func (x *Exchange) add(b *Binding) {
	x.all.add(b, &b.at)
	switch x.kind {
	case ExchangeDirect:
		set := x.keys[b.RoutingKey]
		if set == nil {
			set = &bindingSet{}
			if x.keys == nil {
				x.keys = map[string]*bindingSet{}
			}
			x.keys[b.RoutingKey] = set
		}
		set.add(b, &b.atKey)
	case ExchangeTopic:
		if x.words == nil {
			x.words = match.NewPlainTree[*Binding]()
		}
		x.words.Add(b.Filter, b)
	case ExchangeHash:
		x.ring.add(b)
	}
}

func (x *Exchange) remove(b *Binding) {
	x.all.remove(b.at, func(b *Binding) *int32 { return &b.at })
	switch x.kind {
	case ExchangeDirect:
		set := x.keys[b.RoutingKey]
		if set.remove(b.atKey, func(b *Binding) *int32 { return &b.atKey }); set.len() == 0 {
			delete(x.keys, b.RoutingKey)
		}
	case ExchangeTopic:
		x.words.Remove(b.Filter, b)
	case ExchangeHash:
		x.ring.remove(b)
	}
}

// bindingSet is a list from which any is removed at once: each binding knows
// its place.
type bindingSet struct{ list []*Binding }

func (s *bindingSet) len() int { return len(s.list) }

func (s *bindingSet) add(b *Binding, place *int32) {
	*place = int32(len(s.list))
	s.list = append(s.list, b)
}

func (s *bindingSet) remove(at int32, place func(*Binding) *int32) {
	last := len(s.list) - 1
	moved := s.list[last]
	s.list[at] = moved
	*place(moved) = at
	s.list[last] = nil
	if s.list = s.list[:last]; last == 0 {
		s.list = nil
	}
}

// BindingsFrom lists an exchange's bindings, ordered by key; of amq.topic those
// of the tree to queues and exchanges.
func (ns *Namespace) BindingsFrom(x *Exchange) []*Binding {
	if x.tree() {
		return slices.DeleteFunc(ns.Bindings(""), func(b *Binding) bool { return b.Exchange != "" || b.Queue == nil && b.Target == nil })
	}
	ns.mu.RLock()
	list := slices.Clone(x.all.list)
	ns.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Binding) int { return cmpString(a.Key, b.Key) })
	return list
}

// BindingsInto lists the bindings whose target an exchange is, ordered by key.
func (ns *Namespace) BindingsInto(x *Exchange) []*Binding {
	ns.mu.RLock()
	var list []*Binding
	for _, b := range x.into {
		list = append(list, b)
	}
	ns.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Binding) int { return cmpString(a.Key, b.Key) })
	return list
}
