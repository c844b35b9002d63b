package management

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// difference is one between two answers.
type difference struct {
	kind, place string
	rabbit, us  any // for who reads
}

func (d difference) String() string {
	s := d.kind + " " + d.place
	if d.kind == "value" || d.kind == "type" || d.kind == "missing" || d.kind == "extra" {
		s += fmt.Sprintf("   [%.80s | %.80s]", fmt.Sprint(d.rabbit), fmt.Sprint(d.us))
	}
	return s
}

// comparison gathers differences, each place once.
type comparison struct {
	all  []difference
	seen map[string]bool
}

func (c *comparison) add(kind, place string, rabbit, us any) {
	if c.seen[kind+place] {
		return
	}
	c.seen[kind+place] = true
	c.all = append(c.all, difference{kind, place, rabbit, us})
}

// compare is all differences of two answers.
func compare(rabbit, us answer) []difference {
	c := &comparison{seen: map[string]bool{}}
	if rabbit.code != us.code {
		c.add("status", fmt.Sprintf("%d/%d", rabbit.code, us.code), nil, nil)
	}
	if rabbit.content != us.content {
		c.add("content", rabbit.content+"/"+us.content, nil, nil)
	}
	c.values("$", rabbit.body, us.body)
	return c.all
}

func (c *comparison) values(place string, a, b any) {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		c.add("type", place, a, b)
		return
	}
	switch a := a.(type) {
	case map[string]any:
		c.objects(place, a, b.(map[string]any))
	case []any:
		c.lists(place, a, b.([]any))
	default:
		if a != b {
			c.add("value", place, a, b)
		}
	}
}

func (c *comparison) objects(place string, a, b map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if v, ok := b[key]; ok {
			c.values(place+"."+key, a[key], v)
		} else {
			c.add("missing", place+"."+key, a[key], "")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[key]; !ok {
			c.add("extra", place+"."+key, "", b[key])
		}
	}
}

// lists compares what are the same things in both, each with its like.
func (c *comparison) lists(place string, a, b []any) {
	of, ofA, ofB := map[string]any{}, []string(nil), []string(nil)
	for i, x := range b {
		ofB = append(ofB, identity(i, x))
		of[ofB[i]] = x
	}
	for i, x := range a {
		ofA = append(ofA, identity(i, x))
		if y, ok := of[ofA[i]]; ok {
			c.values(place+"[]", x, y)
		}
	}
	only := func(kind string, these, those []string) (both []string) {
		for _, id := range these {
			if slices.Contains(those, id) {
				both = append(both, id)
				continue
			}
			c.add(kind, place+"["+id+"]", "", "")
		}
		return both
	}
	bothA, bothB := only("missing", ofA, ofB), only("extra", ofB, ofA)
	if !slices.Equal(bothA, bothB) {
		c.add("order", place, bothA, bothB)
	}
}

// plainName makes a name a step of a place.
var plainName = strings.NewReplacer(".", "_", " ", "_")

// identity is what makes a thing of a list, the i-th, the one it is.
func identity(i int, x any) string {
	o, ok := x.(map[string]any)
	if !ok {
		return plainName.Replace(fmt.Sprint(x))
	}
	var parts []string
	for _, key := range strings.Fields("vhost component name user exchange source destination destination_type properties_key consumer_tag number description protocol") {
		if key == "name" && o["connection_details"] != nil || key == "description" && o["path"] == nil || key == "protocol" && o["ip_address"] == nil {
			continue
		}
		if v, ok := o[key].(string); ok {
			parts = append(parts, v)
		}
	}
	if strings.Join(parts, "") == "" {
		return strconv.Itoa(i)
	}
	return plainName.Replace(strings.Join(parts, "|"))
}
