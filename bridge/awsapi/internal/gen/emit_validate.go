package main

// validate emits the check of what the model says of requests.
//
// SQS's model has no limits, and AWS answers for the top level only ("The request
// must contain the parameter X."): what is inside an entry or an attribute is the
// handler's, which shares it between single and batch calls. So are an empty batch
// (EmptyBatchRequest) and an empty queue name, which have errors of their own.
func (g *plan) validate(f *file) {
	for _, s := range g.structs {
		if !s.In || (g.Name == "SQS" && !s.Top) {
			continue
		}
		body := &file{}
		for _, m := range s.Members {
			g.validateMember(body, m)
		}
		f.p("// Validate checks what the model says.")
		if body.Len() == 0 {
			f.p("func (x *%s) Validate(*wire.Validator) {}\n", s.Go)
			continue
		}
		f.p("func (x *%s) Validate(v *wire.Validator) {\n%s}\n", s.Go, body.String())
	}
}

func (g *plan) validateMember(f *file, m Member) {
	x, t := "x."+exported(m.Name), g.Shapes[m.Shape]
	if m.Required && !(g.Name == "SQS" && m.Name == "Entries") {
		f.p("v.Required(%q, %s)", exported(m.Name), g.present(x, m))
	}
	if g.Name == "SQS" {
		return
	}
	g.limits(f, m.Name, x, t)
	switch t.Type {
	case "list":
		g.validateEach(f, "v.List("+quoted(m.Name)+", i)", x, x+"[i]", t.Member)
	case "map":
		g.validateEach(f, "v.Entry("+quoted(m.Name)+", "+x+"[i].Key)", x, x+"[i].Value", t.Value)
	}
}

func quoted(s string) string { return `"` + s + `"` }

func (g *plan) present(x string, m Member) string {
	switch g.Shapes[m.Shape].Type {
	case "list", "map", "structure", "blob":
		return x + " != nil"
	}
	if g.Name == "SQS" && g.scalar(m.Shape) == "String" && m.Name != "QueueName" {
		return x + ".V != \"\""
	}
	return x + ".Ok"
}

func (g *plan) limits(f *file, name, x string, t *Shape) {
	if t.Min == nil && t.Max == nil {
		return
	}
	lo, hi := int64(0), int64(-1)
	if t.Min != nil {
		lo = *t.Min
	}
	if t.Max != nil {
		hi = *t.Max
	}
	switch t.Type {
	case "string":
		f.p("v.Length(%q, %s, %d, %d)", name, x, lo, hi)
	case "integer":
		f.p("v.Range(%q, %s, %d, %d)", name, x, lo, hi)
	case "list":
		f.p("v.Count(%q, len(%s), %d, %d)", name, x, lo, hi)
	}
}

func (g *plan) validateEach(f *file, enter, x, elem, shape string) {
	t := g.Shapes[shape]
	body := &file{}
	switch {
	case t.Type == "structure":
		body.p("%s.Validate(v)", elem)
	case t.Type == "string":
		g.limits(body, "", "wire.Some("+elem+")", t)
	}
	if body.Len() > 0 {
		f.p("for i := range %s {\n%s\n%sv.Leave()\n}", x, enter, body.String())
	}
}
