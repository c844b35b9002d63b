package rabbit

import (
	"slices"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A vhost goes with all that is in it, its connections and everybody's permissions.
func TestDeleteVhost(t *testing.T) {
	var cut []uint64
	a, access, ended := withAccounts(t, core.AccessUser{Name: "tenant", PasswordHash: "hash:t", Namespace: "theirs"})
	a.disconnected = func(id uint64) { cut = append(cut, id) }
	a.conns = []Connection{{ID: 1, Namespace: "shop"}, {ID: 2}, {ID: 3, Namespace: "shop2"}, {ID: 4, Namespace: "shop"}}
	for _, name := range []string{"shop", "shop2", "theirs", "named"} {
		a.do(201, "PUT", "vhosts/"+name, "")
	}
	a.do(201, "PUT", "users/app", `{"password":"p","tags":"management"}`)
	a.do(201, "PUT", "users/boss", `{"password":"p","tags":"administrator"}`)
	for _, vhost := range []string{"shop", "shop2"} {
		a.do(201, "PUT", "permissions/"+vhost+"/app", `{"configure":".*","write":".*","read":".*"}`)
		a.do(201, "PUT", "queues/"+vhost+"/q", `{"durable":true}`)
		a.do(201, "PUT", "exchanges/"+vhost+"/x", `{"type":"fanout","durable":true}`)
		a.do(201, "POST", "bindings/"+vhost+"/e/x/q/q", `{}`)
		a.do(201, "PUT", "policies/"+vhost+"/p", `{"pattern":"","definition":{"max-length":1}}`)
	}
	a.as(access, "app", "p")
	a.do(401, "DELETE", "vhosts/shop", "")
	a.as(access, "boss", "p")
	for vhost, why := range map[string]string{"%2F": "default", "theirs": "configuration", "named": "configuration"} {
		if text := a.do(400, "DELETE", "vhosts/"+vhost, ""); !strings.Contains(text, why) {
			t.Error(text)
		}
	}
	a.do(404, "DELETE", "vhosts/none", "")
	a.do(204, "DELETE", "vhosts/shop", "")
	a.do(404, "DELETE", "vhosts/shop", "")
	a.do(404, "GET", "vhosts/shop", "")
	a.do(404, "GET", "queues/shop/q", "")
	a.want("vhosts", a.column("vhosts", "name"), "/ named shop2 theirs")
	a.want("permissions", a.column("users/app/permissions", "vhost"), "shop2")
	a.want("ended", strings.Join(*ended, " "), "") // in shop2 the user goes on
	if !slices.Equal(cut, []uint64{1, 4}) {
		t.Errorf("cut %v", cut)
	}
	a.do(200, "GET", "queues/shop2/q", "")

	// The next of that name has nothing of it, and lets nobody in.
	a.do(201, "PUT", "vhosts/shop", "")
	a.want("queues", a.column("queues/shop", "name"), "")
	a.want("policies", a.column("policies/shop", "name"), "")
	a.do(404, "GET", "exchanges/shop/x", "")
	a.want("permissions", a.column("vhosts/shop/permissions", "user"), "boss")
}
