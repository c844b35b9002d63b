package core

import (
	"strings"
	"sync"
	"testing"

	"github.com/slipwaymq/slipway/core/match"
)

var accessTestKey = []byte("0123456789abcdef")

// plainVerifier takes "hash:" and the password for a hash, and counts.
type plainVerifier struct {
	mu     sync.Mutex
	calls  []string // guarded by mu; hashes verified
	now    int      // guarded by mu; running at this moment
	peak   int      // guarded by mu
	during func()   // called while one runs; may be nil
}

func (v *plainVerifier) verify(hash string, password []byte) bool {
	v.mu.Lock()
	v.calls = append(v.calls, hash)
	v.now++
	v.peak = max(v.peak, v.now)
	v.mu.Unlock()
	if v.during != nil {
		v.during()
	}
	v.mu.Lock()
	v.now--
	v.mu.Unlock()
	return hash == "hash:"+string(password)
}

func newTestAccess(t *testing.T, v *plainVerifier, users ...AccessUser) *Access {
	t.Helper()
	a, err := NewAccess(users, v.verify, accessTestKey)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func accessFilter(t *testing.T, s string) match.Filter {
	t.Helper()
	f, err := match.ParseMQTT(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAuthenticate(t *testing.T) {
	v := &plainVerifier{}
	a := newTestAccess(t, v,
		AccessUser{Name: "keys", AccessKeys: map[string]string{"AKIA": "s3cret"}},
		AccessUser{Name: "app", PasswordHash: "hash:one", Namespace: "ns"},
		AccessUser{Name: "ap", PasswordHash: "hash:pone"})
	for _, c := range []struct {
		name, password string
		ok             bool
		hashed         string // what must have been verified, "" for nothing
	}{
		{"app", "two", false, "hash:one"},
		{"app", "one", true, "hash:one"},
		{"app", "one", true, ""}, // known by its proof
		{"app", "two", false, "hash:one"},
		{"app", "", false, "hash:one"},
		{"app", "one", true, ""}, // a failure forgets nothing
		{"ap", "pone", true, "hash:pone"},
		{"ap", "one", false, "hash:pone"},
		{"nobody", "one", false, "hash:one"}, // as slow as a wrong password
		{"", "one", false, "hash:one"},
		{"keys", "one", false, "hash:one"}, // has no password
		{"keys", "", false, "hash:one"},
		{"nobody", "one", false, "hash:one"}, // failures are never remembered
	} {
		v.calls = nil
		p, err := a.Authenticate(t.Context(), "", c.name, []byte(c.password))
		if ok := err == nil; ok != c.ok || ok != (p != nil) || !ok && KindOf(err) != Denied {
			t.Errorf("%q with %q: %v, %v", c.name, c.password, p, err)
		}
		if p != nil && p.Name != c.name {
			t.Errorf("%q is %q", c.name, p.Name)
		}
		if got := strings.Join(v.calls, " "); got != c.hashed {
			t.Errorf("%q with %q verified %q, want %q", c.name, c.password, got, c.hashed)
		}
	}
	if p, _ := a.Authenticate(t.Context(), "", "app", []byte("one")); p.Namespace != "ns" || p.Anonymous {
		t.Errorf("principal %+v", p)
	}
}

// However many try at once, only a few hash.
func TestAuthenticateTakesTurns(t *testing.T) {
	inside, gate := make(chan struct{}, 100), make(chan struct{})
	v := &plainVerifier{during: func() { inside <- struct{}{}; <-gate }}
	a := newTestAccess(t, v, AccessUser{Name: "app", PasswordHash: "hash:one"})
	var tries sync.WaitGroup
	for range 50 {
		tries.Go(func() { _, _ = a.Authenticate(t.Context(), "", "app", []byte("wrong")) })
	}
	for range maxHashing {
		<-inside
	}
	close(gate)
	tries.Wait()
	if v.peak != maxHashing || len(v.calls) != 50 {
		t.Errorf("%d at once of %d, want %d of 50", v.peak, len(v.calls), maxHashing)
	}
}

func TestNewAccessRefuses(t *testing.T) {
	verify := (&plainVerifier{}).verify
	key := map[string]string{"AKIA": "s"}
	for name, users := range map[string][]AccessUser{
		"no name":      {{PasswordHash: "x"}},
		"same name":    {{Name: "a"}, {Name: "a"}},
		"same key":     {{Name: "a", AccessKeys: key}, {Name: "b", AccessKeys: key}},
		"empty secret": {{Name: "a", AccessKeys: map[string]string{"AKIA": ""}}},
	} {
		if _, err := NewAccess(users, verify, accessTestKey); KindOf(err) != Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewAccess(nil, nil, accessTestKey); KindOf(err) != Invalid {
		t.Errorf("no verifier: %v", err)
	}
	if _, err := NewAccess(nil, verify, nil); KindOf(err) != Invalid {
		t.Errorf("no key: %v", err)
	}
	a, err := NewAccess(nil, verify, accessTestKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), "", "a", nil); KindOf(err) != Denied {
		t.Errorf("no users: %v", err)
	}
}

func TestByAccessKey(t *testing.T) {
	a := newTestAccess(t, &plainVerifier{}, AccessUser{Name: "app", AccessKeys: map[string]string{"AKIA": "s3cret"}})
	if secret, p, ok := a.ByAccessKey("AKIA"); !ok || secret != "s3cret" || p.Name != "app" {
		t.Errorf("%q, %v, %v", secret, p, ok)
	}
	if secret, p, ok := a.ByAccessKey("AKIB"); ok || secret != "" || p != nil {
		t.Errorf("%q, %v, %v", secret, p, ok)
	}
}

func TestPrincipalMay(t *testing.T) {
	p := &Principal{Name: "app"}
	p.grant(&AccessUser{Grants: []Grant{
		{Actions: Configure | Write, Queues: []string{"orders*"}},
		{Actions: Read, Queues: []string{"sensor-readings", "orders.*"},
			Topics: []match.Filter{accessFilter(t, "sensors/#"), accessFilter(t, "+/status")}},
		{Actions: Write, Topics: []match.Filter{accessFilter(t, "sensors/+/temp"), accessFilter(t, "$queue/x")}},
	}})
	for _, c := range []struct {
		a    Action
		name string
		want bool
	}{
		{Write, "orders", true},
		{Write, "orders.new", true},
		{Read, "orders.new", true},
		{Read | Write | Configure, "orders.new", true}, // by two grants
		{Read | Write, "orders", false},
		{Read, "orders", false},
		{Read, "sensor-readings", true},
		{Write, "sensor-readings", false},
		{Read, "sensor-readings2", false},
		{Write, "my-orders", false},
		{0, "orders", false},
	} {
		if got := p.MayQueue(c.a, c.name); got != c.want {
			t.Errorf("MayQueue(%b, %q) = %v", c.a, c.name, got)
		}
	}
	for _, c := range []struct {
		a      Action
		filter string
		want   bool
	}{
		{Read, "sensors/#", true},
		{Read, "sensors", true},
		{Read, "sensors/+/temp", true},
		{Read, "#", false},
		{Read, "+/temp", false},
		{Read, "+/status", true},
		{Read, "+/#", false},
		{Read, "$SYS/#", false},
		{Write, "sensors/kitchen/temp", true},
		{Write, "sensors/kitchen", false},
		{Write, "sensors/+/temp", true},
		{Write, "$queue/x", true},
		{Read | Write, "sensors/a/temp", true},
		{Configure, "sensors/a", false},
	} {
		f := accessFilter(t, c.filter)
		if got := p.MayTopic(c.a, f); got != c.want {
			t.Errorf("MayTopic(%b, %q) = %v", c.a, c.filter, got)
		}
		if path, one := f.Path(); one && p.MayPath(c.a, path) != c.want {
			t.Errorf("MayPath(%b, %q) = %v", c.a, path, !c.want)
		}
	}
	everything, everywhere := Configure|Write|Read, accessFilter(t, "#")
	if anon := AnonymousPrincipal(); !anon.MayQueue(everything, "x") || !anon.MayTopic(everything, everywhere) || !anon.MayPath(Write, "$x") {
		t.Error("anonymous is refused")
	}
	for _, none := range []*Principal{nil, {}, {Name: "app"}} {
		if none.MayQueue(Read, "x") || none.MayTopic(Read, everywhere) || none.MayPath(Write, "x") {
			t.Errorf("%+v may", none)
		}
	}
}

func TestMatchesName(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b.c", true},
		{"a*", "a", true}, {"a*", "abc", true}, {"a*", "ba", false},
		{"*a", "a", true}, {"*a", "ba", true}, {"*a", "ab", false},
		{"a*b", "ab", true}, {"a*b", "a--b--b", true}, {"a*b", "a", false}, {"a*a", "a", false},
		{"*a*", "xay", true}, {"*a*", "x", false}, {"**", "", true},
		{"a*b*c", "abc", true}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "acb", false}, {"a*bc*c", "abc", false},
		{"*ab*ab", "ab", false}, {"*ab*ab", "abab", true}, {"a", "A", false},
	} {
		if got := matchesName(c.pattern, c.name); got != c.want {
			t.Errorf("matchesName(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

func TestMayPathAllocates(t *testing.T) {
	p := &Principal{}
	p.grant(&AccessUser{Grants: []Grant{{Actions: Write, Topics: []match.Filter{accessFilter(t, "sensors/+/temp")}}}})
	if n := testing.AllocsPerRun(100, func() { p.MayPath(Write, "sensors/kitchen/temp") }); n != 0 {
		t.Errorf("%v allocations a publish", n)
	}
}
