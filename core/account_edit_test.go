package core_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// groupCount says how many groups a store was given.
type groupCount struct {
	core.Store
	applied int // read when nothing is written
}

func (c *groupCount) Apply(b core.Batch, d core.Durability) error {
	c.applied++
	return c.Store.Apply(b, d)
}

// However many accounts change at once, users are made of them once: whose
// connections have to end is told once for all. They are stored in few groups.
func TestManyAccountsAreOneChange(t *testing.T) {
	const n = 3000
	told, ended := 0, 0
	s := &groupCount{Store: memstore.New(memstore.Options{})}
	a := keeping(t, s, func(names []string) { told, ended = told+1, ended+len(names) })
	every := func(p core.Permissions) {
		t.Helper()
		before := s.applied
		err := a.ChangeAccounts(func(e *core.Edit) error {
			for i := range n {
				name := fmt.Sprint("u", i)
				for range 2 { // as an import does it: the user, then what he may do
					_, err := e.Change(name, func(acc *core.Account, _ bool) error {
						acc.Permissions = map[string]core.Permissions{"": p}
						return nil
					})
					if err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if many := s.applied - before; many > 10 {
			t.Errorf("%d accounts are stored in %d groups", n, many)
		}
	}
	every(core.Permissions{Read: ".*", Write: ".*"})
	every(core.Permissions{Read: ".*"})
	if told != 1 || ended != n {
		t.Errorf("%d times it was told of %d users, want once of %d: users are made of all accounts for each of them", told, ended, n)
	}
}

// Of a change of many, one that cannot be leaves the others; an error leaves all.
func TestEdit(t *testing.T) {
	a := keeping(t, memstore.New(memstore.Options{}), nil, core.AccessUser{Name: "file"})
	nothing := func(*core.Account, bool) error { return nil }
	put(t, a, core.Account{Name: "old"})
	err := a.ChangeAccounts(func(e *core.Edit) error {
		if created, err := e.Change("new", nothing); err != nil || !created {
			t.Error(created, err)
		}
		if created, err := e.Change("new", nothing); err != nil || created {
			t.Error(created, err)
		}
		if _, err := e.Change("file", nothing); core.KindOf(err) != core.Denied {
			t.Error(err)
		}
		if _, err := e.Change("old", func(acc *core.Account, _ bool) error {
			acc.Tags = make([]string, 33)
			return nil
		}); core.KindOf(err) != core.OverLimit {
			t.Error(err)
		}
		if err := e.Delete("none"); core.KindOf(err) != core.NotFound {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := func() (all []string) {
		for _, acc := range a.Accounts() {
			all = append(all, fmt.Sprint(acc.Name, len(acc.Tags)))
		}
		return all
	}
	if got := names(); !reflect.DeepEqual(got, []string{"new0", "old0"}) {
		t.Errorf("%q", got)
	}
	for what, edit := range map[string]func(e *core.Edit) error{
		"an error": func(e *core.Edit) error { _ = e.Delete("new"); return fmt.Errorf("no") },
		"no expression": func(e *core.Edit) error {
			_ = e.Delete("new")
			_, err := e.Change("old", func(acc *core.Account, _ bool) error {
				acc.Permissions = map[string]core.Permissions{"": {Read: "("}}
				return nil
			})
			return err
		},
	} {
		if err := a.ChangeAccounts(edit); err == nil || strings.Join(names(), " ") != "new0 old0" {
			t.Errorf("%s: %v, %q", what, err, names())
		}
	}
}

// Another hash of the same password ends nobody; another password does.
func TestRehash(t *testing.T) {
	var ended []string
	a := keeping(t, memstore.New(memstore.Options{}), func(names []string) { ended = append(ended, names...) })
	put(t, a, core.Account{Name: "u", PasswordHash: "hash:1"})
	who := logIn(t, a, "u", "1")
	rehash := func(from, to string) error {
		return a.ChangeAccounts(func(e *core.Edit) error { return e.Rehash("u", from, to) })
	}
	if err := rehash("hash:0", "hash:9"); core.KindOf(err) != core.NotFound {
		t.Error(err)
	}
	if err := rehash("hash:1", "hash:again"); err != nil || ended != nil {
		t.Error(err, ended)
	}
	if again := logIn(t, a, "u", "again"); again != who {
		t.Error("who logs in is another")
	}
	if acc, ok := a.Account("u"); !ok || acc.PasswordHash != "hash:again" {
		t.Errorf("%+v", acc)
	}
	put(t, a, core.Account{Name: "u", PasswordHash: "hash:1"}) // which it was before
	if len(ended) != 1 {
		t.Error("another password ends nobody")
	}
}
