package browser

import (
	"slices"
	"strings"
	"testing"
)

// library is one whose page has the functions work, bytes, transactions, mistake
// and refused.
type library struct {
	page  string
	paths []string // of the URL: how the door is found beside the subprotocol

	missing, told string // a queue that there is not, and what a client is told of it
	denied        string // what is told who has the wrong password
}

var libraries = map[string]library{
	"stompjs":     {"stomp.html", []string{"", "/stomp"}, "/amq/queue/nowhere", "Not found", "Access refused"},
	"amqp-client": {"amqp.html", []string{"", "/amqp"}, "nowhere", "no queue 'nowhere'", "ACCESS_REFUSED"},
}

// TestWork publishes, subscribes, acknowledges, refuses and commits from a page.
func TestWork(t *testing.T) {
	page := start(t)
	on := broker(t, `websocket: {tls_listen: ["127.0.0.1:0"]}`)
	for name, lib := range libraries {
		for scheme, url := range urls(on) {
			for i, path := range lib.paths {
				t.Run(name+" "+scheme+path, func(t *testing.T) {
					args := func(what string, more map[string]any) map[string]any {
						all := map[string]any{"url": url + path, "queue": strings.Join([]string{name, scheme, []string{"bare", "path"}[i], what}, "-")}
						for k, v := range more {
							all[k] = v
						}
						return all
					}
					lib.works(t, page, args)
				})
			}
		}
	}
}

func (l library) works(t *testing.T, page *browser, args func(what string, more map[string]any) map[string]any) {
	t.Helper()
	texts := []string{"first", "größer", "", "a\x00b", strings.Repeat("1 MiB of it ", 87_382)}
	var worked struct {
		Got         []string
		Redelivered int
	}
	page.run(t, "localhost", l.page, "work", args("work", map[string]any{"texts": texts}), &worked)
	if !slices.Equal(worked.Got, texts) || worked.Redelivered != 1 {
		t.Errorf("%d messages came back, %d redelivered", len(worked.Got), worked.Redelivered)
	}
	all := make([]int, 256)
	for i := range all {
		all[i] = i
	}
	var got []int
	page.run(t, "localhost", l.page, "bytes", args("bytes", map[string]any{"bytes": all}), &got)
	if !slices.Equal(got, all) {
		t.Errorf("the bytes came back as %v", got)
	}
	var committed string
	page.run(t, "localhost", l.page, "transactions", args("tx", nil), &committed)
	if committed != "committed" {
		t.Errorf("the transactions gave %q", committed)
	}
	var mistake struct{ Message, Receipt string }
	page.run(t, "localhost", l.page, "mistake", args("mistake", map[string]any{"destination": l.missing}), &mistake)
	if !strings.Contains(mistake.Message, l.told) || l.page == "stomp.html" && mistake.Receipt != "mistake" {
		t.Errorf("told of a mistake: %+v", mistake)
	}
}

// A user's password counts from a page too. The hash is of "change me".
func TestPasswords(t *testing.T) {
	page := start(t)
	on := broker(t, `
websocket: {tls_listen: ["127.0.0.1:0"]}
users:
  - name: web
    password_hash: "$argon2id$v=19$m=19456,t=2,p=1$5IJVxb5vbrFIKEdHk+4YXQ$35ZIWHxj5fVvK8tQsiwec0LaHouLzqqhLgyYwL3y/nY"
    permissions: [{allow: [configure, write, read], queues: ["*"], topics: ["#"]}]`)
	for name, lib := range libraries {
		for scheme, url := range urls(on) {
			for password, want := range map[string]string{"change me": "let in", "wrong": lib.denied} {
				var got string
				page.run(t, "localhost", lib.page, "refused", map[string]any{"url": url, "user": "web", "password": password}, &got)
				if !strings.Contains(got, want) {
					t.Errorf("%s, %s, password %s: %q", name, scheme, password, got)
				}
			}
		}
	}
}
