package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
)

// Model is a service model without prose.
type Model struct {
	Name, SigningName, Version string
	TargetPrefix               string `json:",omitempty"`
	ErrorNamespace             string `json:",omitempty"` // of __type
	XMLNamespace               string
	Operations                 []Operation
	Errors                     []Error
	Shapes                     map[string]*Shape
}

// Operation names its input and output shapes; empty: none.
type Operation struct {
	Name   string
	Input  string `json:",omitempty"`
	Output string `json:",omitempty"`
	Result string `json:",omitempty"` // XML element around the output
}

// Error is one code.
type Error struct {
	Shape    string // the JSON code
	Query    string // the Query code
	Status   int
	Receiver bool `json:",omitempty"`
}

// Shape is a structure, list, map or scalar.
type Shape struct {
	Type               string
	Members            []Member `json:",omitempty"` // structure, in model order
	Member             string   `json:",omitempty"` // list: its element's shape
	Key, Value         string   `json:",omitempty"` // map: shapes
	KeyName, ValueName string   `json:",omitempty"` // map: element names in the Query form
	Enum               []string `json:",omitempty"`
	Min, Max           *int64   `json:",omitempty"`
	Flattened          bool     `json:",omitempty"`
	HasPattern         bool     `json:",omitempty"` // the model has a regular expression, which is not checked
}

// Member of a structure.
type Member struct {
	Name      string
	Shape     string
	Query     string `json:",omitempty"` // element name in the Query form when it is not Name
	Required  bool   `json:",omitempty"`
	Flattened bool   `json:",omitempty"`
}

func readModel(path string) (*Model, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &Model{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// write puts one operation, error or shape on a line, so that a new model is a
// readable diff.
func (m *Model) write(path string) error {
	var b bytes.Buffer
	head, err := json.Marshal(map[string]string{
		"Name": m.Name, "SigningName": m.SigningName, "Version": m.Version, "TargetPrefix": m.TargetPrefix,
		"ErrorNamespace": m.ErrorNamespace, "XMLNamespace": m.XMLNamespace,
	})
	if err != nil {
		return err
	}
	b.Write(head[:len(head)-1])
	b.WriteString(",\n\"Operations\": [")
	for i, op := range m.Operations {
		line(&b, i, "", op)
	}
	b.WriteString("\n],\n\"Errors\": [")
	for i, e := range m.Errors {
		line(&b, i, "", e)
	}
	b.WriteString("\n],\n\"Shapes\": {")
	names := make([]string, 0, len(m.Shapes))
	for n := range m.Shapes {
		names = append(names, n)
	}
	sort.Strings(names)
	for i, n := range names {
		line(&b, i, n, m.Shapes[n])
	}
	b.WriteString("\n}}\n")
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func line(b *bytes.Buffer, i int, key string, v any) {
	if i > 0 {
		b.WriteByte(',')
	}
	b.WriteString("\n  ")
	if key != "" {
		fmt.Fprintf(b, "%q: ", key)
	}
	j, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours
	}
	b.Write(j)
}
