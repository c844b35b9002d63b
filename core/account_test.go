package core_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// synced remembers what a crash would leave: the store as of its last durable group.
type synced struct {
	*memstore.Store
	left *memstore.Store
}

func (s *synced) Apply(b core.Batch, d core.Durability) error {
	err := s.Store.Apply(b, d)
	if d == core.Durable {
		s.left = s.Clone()
	}
	return err
}

func keeping(t *testing.T, store core.Store, ended func([]string), configured ...core.AccessUser) *core.Access {
	t.Helper()
	b := open(t, store)
	t.Cleanup(func() { b.Close() })
	verify := func(hash string, password []byte) bool { return hash == "hash:"+string(password) }
	a, err := core.NewAccess(configured, verify, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Keep(b, ended); err != nil {
		t.Fatal(err)
	}
	return a
}

func logIn(t *testing.T, a *core.Access, name, password string) *core.Principal {
	t.Helper()
	who, err := a.Authenticate(t.Context(), "", name, []byte(password))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return who
}

func put(t *testing.T, a *core.Access, acc core.Account) {
	t.Helper()
	_, err := a.ChangeAccount(acc.Name, func(to *core.Account, _ bool) error { *to = acc; return nil })
	if err != nil {
		t.Fatal(err)
	}
}

// What was answered survives a crash at that moment: an account made, changed, deleted.
func TestAccountsSurviveCrashes(t *testing.T) {
	s := &synced{Store: memstore.New(memstore.Options{})}
	a := keeping(t, s, nil)
	acc := core.Account{Name: "a\x00b/é", PasswordHash: "hash:1", Tags: []string{"monitoring"}, Permissions: map[string]core.Permissions{"": {Read: "^x"}, "shop": {Write: ".*"}}}
	put(t, a, acc)
	put(t, a, core.Account{Name: "gone", PasswordHash: "hash:2"})
	if err := a.DeleteAccount("gone"); err != nil {
		t.Fatal(err)
	}
	again := keeping(t, s.left, nil)
	all := again.Accounts()
	if len(all) != 1 || all[0].Name != acc.Name || !reflect.DeepEqual(all[0].Permissions, acc.Permissions) || !slices.Equal(all[0].Tags, acc.Tags) {
		t.Fatalf("%+v", all)
	}
	who := logIn(t, again, acc.Name, "1")
	if !who.MayQueue(core.Read, "x1") || who.MayQueue(core.Read, "y") || !who.In("shop").MayQueue(core.Write, "y") || who.In("other") != nil || !who.Tagged("monitoring") {
		t.Errorf("%+v", who)
	}
}

// A login that holds follows what changes, and who loses something is ended.
func TestAccountsChange(t *testing.T) {
	var ended []string
	a := keeping(t, memstore.New(memstore.Options{}), func(names []string) { ended = append(ended, names...) })
	acc := core.Account{Name: "u", PasswordHash: "hash:1", Permissions: map[string]core.Permissions{"shop": {Read: "^k"}}}
	put(t, a, acc)
	who := logIn(t, a, "u", "1")
	shop := who.In("shop")
	if who.In("") != nil || who.MayQueue(core.Read, "k") || !shop.MayQueue(core.Read, "k") || shop.MayPath(core.Read, "t") {
		t.Fatal("the permissions are not those of one namespace")
	}
	step := func(change func(acc *core.Account), want string) {
		t.Helper()
		ended = nil
		acc.Permissions = map[string]core.Permissions{"shop": acc.Permissions["shop"]}
		change(&acc)
		put(t, a, acc)
		if got := slices.Contains(ended, "u"); got != (want == "ended") {
			t.Errorf("ended %v, want %q", ended, want)
		}
	}
	step(func(acc *core.Account) { acc.Permissions["shop"] = core.Permissions{Read: "^k", Write: "^amq.topic$"} }, "")
	if !shop.MayQueue(core.Write, "amq.topic") || !shop.MayPath(core.Write, "t/u") || shop.MayPath(core.Write, "$x") || shop.MayPath(core.Read, "t") {
		t.Error("topics do not go with amq.topic")
	}
	step(func(acc *core.Account) { acc.Tags = []string{"management"} }, "")
	step(func(acc *core.Account) { acc.Permissions[""] = core.Permissions{} }, "")
	if who.In("") != who {
		t.Error("a namespace without permissions cannot be entered")
	}
	step(func(acc *core.Account) {}, "ended") // "" goes
	step(func(acc *core.Account) { acc.Permissions["shop"] = core.Permissions{Read: "^b"} }, "ended")
	if shop.MayQueue(core.Read, "k") || !shop.MayQueue(core.Read, "b") {
		t.Error("a login does not follow")
	}
	step(func(acc *core.Account) { delete(acc.Permissions, "shop") }, "ended")
	if shop.MayQueue(core.Read, "b") || who.In("shop") != nil {
		t.Error("what was taken is still allowed")
	}
	step(func(acc *core.Account) { acc.PasswordHash = "hash:2" }, "ended")
	ended = nil
	if err := a.DeleteAccount("u"); err != nil || !slices.Contains(ended, "u") {
		t.Error(err, ended)
	}
	if err := a.DeleteAccount("u"); core.KindOf(err) != core.NotFound {
		t.Error(err)
	}
}

// The configuration wins, over a stored account of the same name too.
func TestConfiguredUsersWin(t *testing.T) {
	s := memstore.New(memstore.Options{})
	a := keeping(t, s, nil)
	put(t, a, core.Account{Name: "u", PasswordHash: "hash:stored", Tags: []string{"administrator"}})
	if _, err := a.Replace([]core.AccessUser{{Name: "u", PasswordHash: "hash:file"}}); err != nil {
		t.Fatal(err)
	}
	if who := logIn(t, a, "u", "file"); who.Account() || who.Tagged("administrator") {
		t.Error("an account's rights go to the configured user of its name")
	}
	if _, err := a.Authenticate(t.Context(), "", "u", []byte("stored")); err == nil {
		t.Error("the hidden account's password is taken")
	}
	_, err := a.ChangeAccount("u", func(*core.Account, bool) error { return nil })
	if core.KindOf(err) != core.Denied || core.KindOf(a.DeleteAccount("u")) != core.Denied {
		t.Error(err)
	}
	if _, err := a.Replace(nil); err != nil {
		t.Fatal(err)
	}
	if who := logIn(t, a, "u", "stored"); !who.Account() {
		t.Error("the account is gone with the user that hid it")
	}
}

func TestPermissionsAreChecked(t *testing.T) {
	for _, p := range []core.Permissions{{Read: "("}, {Write: "(?=a)"}, {Configure: string(make([]byte, 2000))}} {
		if err := p.Check(); core.KindOf(err) != core.Invalid {
			t.Errorf("%.20v: %v", p, err)
		}
	}
	a := keeping(t, memstore.New(memstore.Options{}), nil)
	put(t, a, core.Account{Name: "u", PasswordHash: "hash:1", Permissions: map[string]core.Permissions{"": {Configure: "", Write: "^.$", Read: ".*"}}})
	who := logIn(t, a, "u", "1")
	everything, err := match.ParseMQTT("#")
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case who.MayQueue(core.Configure, ""), who.MayQueue(core.Configure, "q"):
		t.Error("an empty expression matches")
	case !who.MayQueue(core.Write, "x"), who.MayQueue(core.Write, "*"), who.MayTopic(core.Write, everything):
		t.Error("one letter is everything")
	case !who.MayQueue(core.Read, "*"), !who.MayTopic(core.Read, everything):
		t.Error("everything is not")
	}
}

// A login outlives its user where nobody could end it yet - a request whose body
// is still to come, a handshake - and may then do nothing any more.
func TestWhoIsGoneMayNothing(t *testing.T) {
	for name, change := range map[string]func(a *core.Access, acc core.Account) error{
		"deleted": func(a *core.Access, acc core.Account) error { return a.DeleteAccount(acc.Name) },
		"another password": func(a *core.Access, acc core.Account) error {
			_, err := a.ChangeAccount(acc.Name, func(to *core.Account, _ bool) error { to.PasswordHash = "hash:2"; return nil })
			return err
		},
		"hidden": func(a *core.Access, acc core.Account) error {
			_, err := a.Replace([]core.AccessUser{{Name: acc.Name, PasswordHash: "hash:file"}})
			return err
		},
	} {
		a := keeping(t, memstore.New(memstore.Options{}), nil)
		all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
		acc := core.Account{Name: "u", PasswordHash: "hash:1", Tags: []string{"administrator"}, Permissions: map[string]core.Permissions{"": all, "shop": all}}
		put(t, a, acc)
		who := logIn(t, a, "u", "1")
		shop := who.In("shop")
		if !who.MayQueue(core.Read, "q") || !shop.MayQueue(core.Write, "q") {
			t.Fatal("no permissions")
		}
		if err := change(a, acc); err != nil {
			t.Fatal(err)
		}
		if who.MayQueue(core.Read, "q") || who.MayPath(core.Read, "t") || shop.MayQueue(core.Write, "q") || who.Tagged("administrator") || shop.Tagged("administrator") {
			t.Errorf("%s: who logged in before may go on", name)
		}
		if who.In("") != nil || who.In("shop") != nil || shop.In("shop") != nil {
			t.Errorf("%s: who logged in before may enter", name)
		}
	}
}
