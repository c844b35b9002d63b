package management

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	printed = flag.Bool("print", false, "print what differs and is not listed, as lines of a table, and wait for nothing")
	answers = flag.String("answers", "", "a file for all requests and answers")
)

// settles is how long the two may take to agree: RabbitMQ's figures lag by a second
// or two.
const settles = 10 * time.Second

func TestParity(t *testing.T) {
	all := readTables(t)
	rabbit, us := startRabbit(t), startSlipway(t)
	setUp(t, rabbit, us)
	p := &parity{T: t, tables: all, rabbit: rabbit, us: us, clients: clients{T: t, sides: []*side{rabbit, us}}}
	for _, s := range p.clients.sides {
		s.vars = map[string]string{"node": s.node}
	}
	if *answers != "" {
		f, err := os.Create(*answers)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() //nolint:errcheck // for who reads
		p.log = f
	}
	for _, r := range all.requests {
		if r.step != nil {
			p.clients.do(r.step)
			continue
		}
		p.check(r)
	}
	for _, line := range p.stale() {
		t.Errorf("%s is listed and does not occur", line)
	}
}

// setUp has a RabbitMQ know the one user that our configuration names, and both the
// administrator who asks.
func setUp(t *testing.T, rabbit, us *side) {
	t.Helper()
	const all = `{"configure":".*","write":".*","read":".*"}`
	do := func(s *side, who, password, method, path, body string) {
		t.Helper()
		a, text, err := s.ask(request{who: who, password: password, method: method, path: path, body: body})
		if err != nil || a.code/100 != 2 {
			t.Fatal(s.name, method, path, a.code, text, err)
		}
	}
	do(rabbit, "guest", "guest", http.MethodPut, "users/"+keeper, `{"password":"`+secret+`","tags":"administrator"}`)
	do(rabbit, "guest", "guest", http.MethodPut, "permissions/%2F/"+keeper, all)
	do(rabbit, "guest", "guest", http.MethodDelete, "users/guest", "")
	for _, s := range []*side{rabbit, us} {
		do(s, keeper, secret, http.MethodPut, "users/"+root, `{"password":"`+root+`","tags":"administrator"}`)
		do(s, keeper, secret, http.MethodPut, "permissions/%2F/"+root, all)
	}
}

type parity struct {
	*testing.T
	*tables
	rabbit, us *side
	clients    clients
	log        *os.File // nil: none
}

// check compares one request. Reading is tried until only what is listed differs.
func (p *parity) check(r *request) {
	p.Helper()
	begun := time.Now()
	patient := r.method == http.MethodGet && !*printed
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		news, met := p.once(r)
		if news == nil && (!patient || p.allMet(r, met)) || !patient || time.Since(begun) > settles {
			for _, k := range met {
				*k.met = true
			}
			if news != nil {
				p.Errorf("%v\n%s", r, strings.Join(news, "\n"))
			}
			return
		}
		<-time.After(pause)
	}
}

// allMet says whether each difference that is listed for the request alone is there.
func (p *parity) allMet(r *request, met []*known) bool {
	for _, k := range r.known {
		if k.at[:strings.Index(k.at, ":")] != r.at[:strings.Index(r.at, ":")] || *k.met || k.mayStay() {
			continue
		}
		found := false
		for _, m := range met {
			found = found || m.met == k.met
		}
		if !found && !p.ofSet(k) {
			return false
		}
	}
	return true
}

func (p *parity) ofSet(k *known) bool {
	for _, set := range p.sets {
		for _, x := range set {
			if x.met == k.met {
				return true
			}
		}
	}
	return false
}

// once asks both: what is not listed, and what is and occurred.
func (p *parity) once(r *request) (news []string, met []*known) {
	p.Helper()
	rabbit, textRabbit, err := p.rabbit.ask(*r)
	if err != nil {
		p.Fatalf("%v: %s: %v", r, p.rabbit.name, err)
	}
	us, textUs, err := p.us.ask(*r)
	if err != nil {
		p.Fatalf("%v: %s: %v", r, p.us.name, err)
	}
	if p.log != nil {
		fmt.Fprintf(p.log, "%v\n  < %d %s %s\n  > %d %s %s\n", r, rabbit.code, rabbit.content, textRabbit, us.code, us.content, textUs)
	}
	for _, d := range compare(rabbit, us) {
		if found := p.listed(r, d); found != nil {
			met = append(met, found...)
		} else {
			news = append(news, "  "+d.String())
		}
	}
	return news, met
}

func (p *parity) listed(r *request, d difference) (found []*known) {
	for _, all := range [][]*known{r.known, p.everywhere} {
		for _, k := range all {
			if k.covers(d) {
				found = append(found, k)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// stale is what is listed and did not occur.
func (p *parity) stale() (all []string) {
	check := func(list []*known) {
		for _, k := range list {
			if line := k.at + ": " + k.kind + " " + k.place; !*k.met && !k.mayStay() && !slices.Contains(all, line) {
				all = append(all, line)
			}
		}
	}
	check(p.everywhere)
	for _, name := range slices.Sorted(maps.Keys(p.sets)) {
		check(p.sets[name])
	}
	for _, r := range p.requests {
		check(slices.DeleteFunc(slices.Clone(r.known), p.ofSet))
	}
	return all
}
