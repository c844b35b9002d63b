package core

import (
	"slices"
	"testing"

	"github.com/slipwaymq/slipway/core/match"
)

// Who is still the same keeps the Principal, and may at once what is new.
func TestReplace(t *testing.T) {
	may := func(a Action, queues []string, topics ...string) Grant {
		g := Grant{Actions: a, Queues: queues}
		for _, topic := range topics {
			g.Topics = append(g.Topics, accessFilter(t, topic))
		}
		return g
	}
	scram := func(salt string) *SCRAMVerifier {
		v := NewSCRAMVerifier([]byte("salted"), []byte(salt), 4096)
		return &v
	}
	before := AccessUser{
		Name: "app", Namespace: "ns", PasswordHash: "hash:one", SCRAM: scram("a"), AccessKeys: map[string]string{"AKIA": "s3cret"},
		Grants: []Grant{may(Write|Read, []string{"q"}, "a/+"), may(Configure, []string{"*"})},
	}
	for name, tt := range map[string]struct {
		change  func(*AccessUser)
		revoked bool
		same    bool
	}{
		"nothing":        {func(*AccessUser) {}, false, true},
		"another key":    {func(u *AccessUser) { u.AccessKeys = map[string]string{"AKIB": "s3cret"} }, false, true},
		"one more grant": {func(u *AccessUser) { u.Grants = append(slices.Clone(u.Grants), may(Read, nil, "b")) }, false, true},
		"split": {func(u *AccessUser) {
			u.Grants = []Grant{may(Write, []string{"q"}, "a/#"), may(Read, nil, "a/#"), may(Read|Configure, []string{"*"})}
		}, false, true},
		"a password":          {func(u *AccessUser) { u.PasswordHash = "hash:two" }, true, false},
		"a verifier":          {func(u *AccessUser) { u.SCRAM = scram("b") }, true, false},
		"no verifier":         {func(u *AccessUser) { u.SCRAM = nil }, true, false},
		"a namespace":         {func(u *AccessUser) { u.Namespace = "" }, true, false},
		"a name":              {func(u *AccessUser) { u.Name = "other" }, true, false},
		"without an action":   {func(u *AccessUser) { u.Grants = []Grant{may(Read, []string{"q"}, "a/+"), u.Grants[1]} }, true, true},
		"without a queue":     {func(u *AccessUser) { u.Grants = []Grant{may(Write|Read, nil, "a/+"), u.Grants[1]} }, true, true},
		"with a narrow topic": {func(u *AccessUser) { u.Grants = []Grant{may(Write|Read, []string{"q"}, "a/b"), u.Grants[1]} }, true, true},
		"without any":         {func(u *AccessUser) { u.Grants = nil }, true, true},
	} {
		a := newTestAccess(t, &plainVerifier{}, before, AccessUser{Name: "bystander", PasswordHash: "hash:x"})
		who, err := a.Authenticate(t.Context(), "", "app", []byte("one"))
		if err != nil {
			t.Fatal(err)
		}
		now := before
		tt.change(&now)
		revoked, err := a.Replace([]AccessUser{{Name: "bystander", PasswordHash: "hash:x"}, now, {Name: "new", PasswordHash: "hash:n"}})
		if err != nil || slices.Contains(revoked, "app") != tt.revoked || len(revoked) > 1 {
			t.Errorf("%s: revoked %v, %v", name, revoked, err)
		}
		is, _ := a.ByIdentity(now.Name)
		if same := is == who; same != tt.same {
			t.Errorf("%s: the same principal: %v", name, same)
		}
		if got := len(is.granted()); got != len(now.Grants) {
			t.Errorf("%s: %d grants, want %d", name, got, len(now.Grants))
		}
		if _, err := a.Authenticate(t.Context(), "", "new", []byte("n")); err != nil {
			t.Errorf("%s: a new user: %v", name, err)
		}
	}
}

// A revoked password is not let in for having been right before, an access key
// that is gone is nobody's, and users that cannot be leave all as it was.
func TestReplaceForgets(t *testing.T) {
	v := &plainVerifier{}
	a := newTestAccess(t, v, AccessUser{Name: "app", PasswordHash: "hash:one", AccessKeys: map[string]string{"AKIA": "s3cret"}, Grants: []Grant{{Actions: Write, Queues: []string{"q"}}}})
	who, err := a.Authenticate(t.Context(), "", "app", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][]AccessUser{
		{{Name: "app"}, {Name: "app"}}, {{Name: ""}}, {{Name: "app", SCRAM: &SCRAMVerifier{}}},
		{{Name: "app", PasswordHash: "hash:one", AccessKeys: map[string]string{"AKIA": ""}}},
	} {
		if revoked, err := a.Replace(wrong); err == nil || len(revoked) > 0 || !who.MayQueue(Write, "q") {
			t.Errorf("%v: %v, %v", wrong, revoked, err)
		}
	}
	v.calls = nil
	if _, err := a.Authenticate(t.Context(), "", "app", []byte("one")); err != nil || len(v.calls) > 0 {
		t.Errorf("after what was refused: %v, hashed %q", err, v.calls)
	}
	if _, err := a.Replace([]AccessUser{{Name: "app", PasswordHash: "hash:two"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), "", "app", []byte("one")); KindOf(err) != Denied {
		t.Errorf("the old password: %v", err)
	}
	if _, _, ok := a.ByAccessKey("AKIA"); ok {
		t.Error("an access key outlived its user's")
	}
}

// What a connection may do follows the users while it goes on (under -race).
func TestReplaceWhileUsed(t *testing.T) {
	a := newTestAccess(t, &plainVerifier{}, AccessUser{Name: "app", PasswordHash: "hash:one"})
	who, _ := a.ByIdentity("app")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			if who.MayPath(Write, "b") {
				t.Error("granted what never was")
			}
			a.Users()
		}
	}()
	filters := []match.Filter{accessFilter(t, "a")}
	for range 100 {
		if _, err := a.Replace([]AccessUser{{Name: "app", PasswordHash: "hash:one", Grants: []Grant{{Actions: Write, Topics: filters}}}}); err != nil {
			t.Fatal(err)
		}
	}
	<-done
	if !who.MayPath(Write, "a") {
		t.Error("a grant is not there")
	}
}
