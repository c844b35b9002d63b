package core

import (
	"encoding/json"
	"maps"
	"slices"
)

// An Edit is a change of accounts under way (Access.ChangeAccounts). What it
// changed it sees; nobody else does yet.
type Edit struct {
	access     *Access
	configured map[string]bool
	next       map[string]*Account // nil: deleted
	count      int                 // how many accounts there will be
}

// ChangeAccounts has edit change any number of accounts, once: durable, and in
// force together, when it returns. An error of edit is returned as it is, and
// nothing changes; so is Invalid, of an account with a pattern that Check would
// have refused. They are stored in parts of which each is all or nothing: after a
// crash on the way each account is as it was or as it was to be. edit is called
// while nobody else can change accounts: it is to be quick, and hashes nothing.
func (a *Access) ChangeAccounts(edit func(e *Edit) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	if a.broker == nil {
		return errf(Invalid, "users cannot be kept")
	}
	e := &Edit{access: a, configured: make(map[string]bool, len(a.configured)), next: map[string]*Account{}, count: len(a.accounts)}
	for i := range a.configured {
		e.configured[a.configured[i].Name] = true
	}
	if err := edit(e); err != nil {
		return err
	}
	revoked, err := a.take(e.next)
	if len(revoked) > 0 && a.ended != nil {
		a.ended(revoked)
	}
	return err
}

// Change has change see to the account of a name, a new one if there is none. With
// an error that account stays as it was: that of change, as it is; Denied: the
// configuration has a user of that name; Invalid, OverLimit: as it would be it
// cannot be.
func (e *Edit) Change(name string, change func(acc *Account, created bool) error) (created bool, err error) {
	old, err := e.account(name)
	if err != nil {
		return false, err
	}
	next := &Account{Name: name}
	if created = old == nil; !created {
		next = old.clone()
	} else if e.count >= maxAccounts {
		return false, errf(OverLimit, "there are %d users, the limit", maxAccounts)
	}
	if err := change(next, created); err != nil {
		return false, err
	}
	next.Name = name
	if err := next.bounded(); err != nil {
		return false, err
	}
	if e.next[name] = next; created {
		e.count++
	}
	return created, nil
}

// Delete removes an account. NotFound: there is none. Denied: it is a user of the
// configuration.
func (e *Edit) Delete(name string) error {
	old, err := e.account(name)
	if err == nil && old == nil {
		err = errf(NotFound, "no user %q", name)
	}
	if err != nil {
		return err
	}
	e.next[name] = nil
	e.count--
	return nil
}

// Rehash has an account keep another hash of the same password, if it still has
// that one: whoever is logged in stays so.
func (e *Edit) Rehash(name, from, to string) error {
	_, err := e.Change(name, func(acc *Account, created bool) error {
		if created || acc.PasswordHash != from {
			return errf(NotFound, "user %q has another password", name)
		}
		acc.PasswordHash, acc.former = to, from
		return nil
	})
	return err
}

// account is that of a name by now; nil: there is none.
func (e *Edit) account(name string) (*Account, error) {
	if e.configured[name] {
		return nil, errf(Denied, "user %q is set by the configuration and can be changed only there", name)
	}
	if acc, ok := e.next[name]; ok {
		return acc, nil
	}
	return e.access.accounts[name], nil
}

// take stores these accounts, nil for one that goes, and has them be in force.
// changing is held.
func (a *Access) take(changed map[string]*Account) (revoked []string, err error) {
	if len(changed) == 0 {
		return nil, nil
	}
	for _, acc := range changed {
		if acc == nil {
			continue
		}
		if err := acc.check(); err != nil {
			return nil, err
		}
	}
	if err := a.broker.saveAccounts(changed); err != nil {
		return nil, err
	}
	all := maps.Clone(a.accounts)
	for name, acc := range changed {
		if all[name] = acc; acc == nil {
			delete(all, name)
		}
	}
	return a.rebuild(a.configured, all)
}

// accountsBytes is about how much of accounts one group stores.
const accountsBytes = 1 << 20

// saveAccounts makes the store follow, durably: a part at a time.
func (b *Broker) saveAccounts(changed map[string]*Account) error {
	part, size := map[string][]byte{}, 0
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		var val []byte
		if acc := changed[name]; acc != nil {
			var err error
			if val, err = json.Marshal(acc); err != nil {
				return err
			}
		}
		part[name], size = val, size+len(name)+len(val)
		if size < accountsBytes {
			continue
		}
		if err := b.savePart(part); err != nil {
			return err
		}
		part, size = map[string][]byte{}, 0
	}
	if len(part) == 0 {
		return nil
	}
	return b.savePart(part)
}

func (b *Broker) savePart(part map[string][]byte) error {
	return b.wait(Durable, func(g *staging) {
		for name, val := range part {
			if key := defKey('u', "", name); val == nil {
				g.batch.Delete(key)
			} else {
				g.batch.Set(key, val)
			}
		}
	})
}
