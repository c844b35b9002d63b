package rabbit

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// An import of many users makes the users of the broker once, not once for each: whose
// connections have to end is told once. It hashes no more than four at a time.
func TestImportOfManyUsersIsOneChange(t *testing.T) {
	const n = 1000
	var at, most atomic.Int64
	told := 0
	access, err := core.NewAccess(nil, func(string, []byte) bool { return false }, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	a := newAPI(t, func(c *Config) {
		c.Access = access
		c.Passwords = Passwords{
			Hash: func(p []byte) (string, error) {
				now := at.Add(1)
				defer at.Add(-1)
				for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
				}
				return "hash:" + string(p), nil
			},
			Verify: func(string, []byte) bool { return false },
		}
	})
	if err := access.Keep(a.b, func([]string) { told++ }); err != nil {
		t.Fatal(err)
	}
	export := func(read string) string {
		var users, permissions bytes.Buffer
		for i := range n {
			if i > 0 {
				users.WriteByte(',')
				permissions.WriteByte(',')
			}
			fmt.Fprintf(&users, `{"name":"u%d","password":"p","tags":""}`, i)
			fmt.Fprintf(&permissions, `{"user":"u%d","vhost":"/","configure":"","write":"","read":%q}`, i, read)
		}
		return `{"users":[` + users.String() + `],"permissions":[` + permissions.String() + `]}`
	}
	a.do(200, "POST", "definitions", export(".*"))
	if len(access.Accounts()) != n {
		t.Fatalf("%d users", len(access.Accounts()))
	}
	a.do(200, "POST", "definitions", export("^x"))
	if told != 1 {
		t.Errorf("connections are ended %d times by one import", told)
	}
	if most.Load() > hashers {
		t.Errorf("%d passwords are hashed at once", most.Load())
	}
}

// What an import declares waits for the disk together, and is told of in its order.
func TestImportTellsInOrder(t *testing.T) {
	a := newAPI(t)
	var queues, bindings bytes.Buffer
	for i := range 500 {
		if i > 0 {
			queues.WriteByte(',')
			bindings.WriteByte(',')
		}
		fmt.Fprintf(&queues, `{"name":"q%d","vhost":"/","durable":true}`, i)
		fmt.Fprintf(&bindings, `{"vhost":"/","source":"amq.direct","destination":"q%d","destination_type":"queue","routing_key":"k%d"}`, i, i)
	}
	bindings.WriteString(`,{"vhost":"/","source":"","destination":"q1","destination_type":"queue","routing_key":"q1"}`)
	got := decode[struct{ Imported []line }](t, a.do(200, "POST", "definitions", `{"queues":[`+queues.String()+`],"bindings":[`+bindings.String()+`]}`)).Imported
	if len(got) != 1000 {
		t.Fatalf("%d lines", len(got))
	}
	for i, l := range got {
		want := line{"queue", "/", fmt.Sprint("q", i), kept, ""}
		if i >= 500 {
			want = line{"binding", "/", fmt.Sprintf("amq.direct -> q%d k%d", i-500, i-500), kept, ""}
		}
		if l != want {
			t.Fatalf("line %d: %+v, want %+v", i, l, want)
		}
	}
}

// What panics in a goroutine of together does so in that of its caller, which the
// server recovers.
func TestTogetherPanics(t *testing.T) {
	defer func() {
		if p := recover(); p != "no" {
			t.Errorf("%v", p)
		}
	}()
	together(100, 4, func(i int) {
		if i == 50 {
			panic("no")
		}
	})
}
