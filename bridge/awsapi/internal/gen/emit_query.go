package main

import (
	"fmt"
	"strings"
)

// query emits the decoders of the Query form.
func (g *plan) query(f *file) {
	for _, s := range g.structs {
		if !s.In {
			continue
		}
		f.p("// DecodeQuery reads the Query form; prefix ends with a dot or is empty.")
		f.p("func (x *%s) DecodeQuery(q *wire.Query, prefix string) {", s.Go)
		for _, m := range s.Members {
			g.decodeQueryMember(f, m)
		}
		f.p("}\n")
	}
}

func (g *plan) decodeQueryMember(f *file, m Member) {
	x, t := "x."+exported(m.Name), g.Shapes[m.Shape]
	switch t.Type {
	case "list":
		f.p("for _, name := range q.Elements(%s) {", g.spellings(m, t, "member"))
		switch g.Shapes[t.Member].Type {
		case "structure":
			f.p("var e %s\ne.DecodeQuery(q, name+\".\")\n%s = append(%s, e)", g.element(t.Member), x, x)
		case "blob":
			f.p("%s = append(%s, q.Blob(name))", x, x)
		default:
			f.p("%s = append(%s, q.String(name).V)", x, x)
		}
		f.p("}")
		if m.Required { // an empty list is written as its bare name: it is there
			f.p("if %s == nil && q.Bare(prefix + %q) {\n%s = []%s{}\n}", x, or(m.Query, m.Name), x, g.element(t.Member))
		}
	case "map":
		elem := g.element(t.Value)
		f.p("for _, name := range q.Elements(%s) {", g.spellings(m, t, "entry"))
		f.p("e := wire.Entry[%s]{Key: q.Key(name, %q)}", elem, or(t.KeyName, "key"))
		if g.Shapes[t.Value].Type == "structure" {
			f.p("e.Value.DecodeQuery(q, q.Word(name, %q)+\".\")", or(t.ValueName, "value"))
		} else {
			f.p("e.Value = q.String(q.Word(name, %q)).V", or(t.ValueName, "value"))
		}
		f.p("%s = append(%s, e)\n}\n%s = wire.Unique(%s)", x, x, x, x)
	case "structure":
		f.p("if q.Has(prefix + %q) {\n%s = new(%s)\n%s.DecodeQuery(q, prefix + %q)\n}", m.Name, x, g.byShape[m.Shape], x, m.Name+".")
	default:
		f.p("%s = q.%s(prefix + %q)", x, g.scalar(m.Shape), m.Name)
	}
}

// spellings are the prefixes under which a list's or map's elements may stand:
// AWS's own first, then those that some SDK sends (Java's Tags.N for SQS's Tag.N).
func (g *plan) spellings(m Member, t *Shape, wrapper string) string {
	var names []string
	if m.Flattened || t.Flattened {
		names = append(names, or(m.Query, m.Name))
		if m.Query != "" && m.Query != m.Name {
			names = append(names, m.Name)
		}
	}
	names = append(names, m.Name+"."+wrapper)
	for i, n := range names {
		names[i] = fmt.Sprintf("prefix+%q", n)
	}
	return strings.Join(names, ", ")
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// xml emits the encoders of the Query form's replies: the content of an element,
// whose tags the caller writes.
func (g *plan) xml(f *file) {
	for _, s := range g.structs {
		if !s.Out {
			continue
		}
		f.p("// AppendXML writes the content of the XML form.")
		f.p("func (x *%s) AppendXML(w *wire.XMLWriter) {", s.Go)
		for _, m := range s.Members {
			g.appendXMLMember(f, m)
		}
		f.p("}\n")
	}
}

func (g *plan) appendXMLMember(f *file, m Member) {
	x, t := "x."+exported(m.Name), g.Shapes[m.Shape]
	if k := g.scalar(m.Shape); k != "" {
		f.p("w.%s(%q, %s)", k, or(m.Query, m.Name), x)
		return
	}
	if t.Type == "structure" {
		f.p("if %s != nil {\nw.Open(%q)\n%s.AppendXML(w)\nw.Close(%q)\n}", x, m.Name, x, m.Name)
		return
	}
	flat := m.Flattened || t.Flattened
	if !flat { // AWS writes the wrapper of an empty list, and boto3 users rely on the key
		f.p("if len(%s) == 0 {\nw.Empty(%q)\n} else {\nw.Open(%q)", x, m.Name, m.Name)
	}
	f.p("for i := range %s {", x)
	if t.Type == "list" {
		tag := "member"
		if flat {
			tag = or(m.Query, m.Name)
		}
		g.appendXMLElement(f, tag, x+"[i]", t.Member)
	} else {
		tag := "entry"
		if flat {
			tag = or(m.Query, m.Name)
		}
		f.p("w.Open(%q)\nw.Text(%q, %s[i].Key)", tag, or(t.KeyName, "key"), x)
		g.appendXMLElement(f, or(t.ValueName, "value"), x+"[i].Value", t.Value)
		f.p("w.Close(%q)", tag)
	}
	f.p("}")
	if !flat {
		f.p("w.Close(%q)\n}", m.Name)
	}
}

func (g *plan) appendXMLElement(f *file, tag, x, shape string) {
	switch g.Shapes[shape].Type {
	case "structure":
		f.p("w.Open(%q)\n%s.AppendXML(w)\nw.Close(%q)", tag, x, tag)
	case "blob":
		f.p("w.Bytes(%q, %s)", tag, x)
	default:
		f.p("w.Text(%q, %s)", tag, x)
	}
}
