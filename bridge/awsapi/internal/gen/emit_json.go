package main

// json emits the JSON 1.0 codec: decoders of what inputs reach, encoders of what
// outputs reach.
func (g *plan) json(f *file) {
	for _, s := range g.structs {
		if s.In {
			g.decodeJSON(f, s)
		}
		if s.Out {
			g.appendJSON(f, s)
		}
	}
}

func (g *plan) decodeJSON(f *file, s structure) {
	f.p("// DecodeJSON reads the JSON form.")
	f.p("func (x *%s) DecodeJSON(r *wire.JSONReader) {", s.Go)
	f.p("if !r.Object() { return }")
	f.p("for n := 0; r.Field(n); n++ {")
	f.p("switch r.Key() {")
	for _, m := range s.Members {
		f.p("case %q:", m.Name)
		g.decodeJSONMember(f, "x."+exported(m.Name), m.Shape)
	}
	f.p("default: r.Skip()")
	f.p("}\n}\n}\n")
}

func (g *plan) decodeJSONMember(f *file, x, shape string) {
	s := g.Shapes[shape]
	switch s.Type {
	case "list":
		f.p("%s = nil", x)
		f.p("if r.Array() {")
		f.p("%s = []%s{}", x, g.element(s.Member))
		f.p("for n := 0; r.Elem(n); n++ {")
		switch g.Shapes[s.Member].Type {
		case "structure":
			f.p("var e %s\ne.DecodeJSON(r)\n%s = append(%s, e)", g.element(s.Member), x, x)
		case "blob":
			f.p("if e := r.Blob(); e != nil { %s = append(%s, e) }", x, x)
		default:
			f.p("if e := r.String(); e.Ok { %s = append(%s, e.V) }", x, x)
		}
		f.p("}\n}")
	case "map":
		elem := g.element(s.Value)
		f.p("%s = nil", x)
		f.p("if r.Object() {")
		f.p("%s = wire.Map[%s]{}", x, elem)
		f.p("for n := 0; r.Pair(n); n++ {")
		f.p("key := r.Key()")
		if g.Shapes[s.Value].Type == "structure" {
			f.p("var e %s\ne.DecodeJSON(r)\n%s = append(%s, wire.Entry[%s]{Key: key, Value: e})", elem, x, x, elem)
		} else {
			f.p("if e := r.String(); e.Ok { %s = append(%s, wire.Entry[string]{Key: key, Value: e.V}) }", x, x)
		}
		f.p("}\n%s = wire.Unique(%s)\n}", x, x)
	case "structure":
		panic("a structure as a member has no JSON form yet: " + shape)
	default:
		f.p("%s = r.%s()", x, g.scalar(shape))
	}
}

func (g *plan) appendJSON(f *file, s structure) {
	f.p("// AppendJSON writes the JSON form.")
	f.p("func (x *%s) AppendJSON(w *wire.JSONWriter) {", s.Go)
	f.p("w.Begin('{')")
	for _, m := range s.Members {
		x := "x." + exported(m.Name)
		if k := g.scalar(m.Shape); k != "" {
			f.p("w.%s(%q, %s)", k, m.Name, x)
			continue
		}
		f.p("if len(%s) > 0 {\nw.Name(%q)", x, m.Name)
		t := g.Shapes[m.Shape]
		if t.Type == "list" {
			f.p("w.Begin('[')\nfor i := range %s {", x)
			g.appendJSONElement(f, x+"[i]", t.Member)
			f.p("}\nw.End(']')\n}")
			continue
		}
		f.p("w.Begin('{')\nfor i := range %s {\nw.Name(%s[i].Key)", x, x)
		g.appendJSONElement(f, x+"[i].Value", t.Value)
		f.p("}\nw.End('}')\n}")
	}
	f.p("w.End('}')\n}\n")
}

func (g *plan) appendJSONElement(f *file, x, shape string) {
	switch g.Shapes[shape].Type {
	case "structure":
		f.p("%s.AppendJSON(w)", x)
	case "blob":
		f.p("w.Bytes(%s)", x)
	default:
		f.p("w.Text(%s)", x)
	}
}
