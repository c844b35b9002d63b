package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
)

// botoModel is what we take of botocore's service-2.json.
type botoModel struct {
	Metadata struct {
		APIVersion, ServiceID, EndpointPrefix, TargetPrefix, XMLNamespace string
		SigningName                                                       string
	}
	Operations map[string]struct {
		Input, Output *struct{ Shape, ResultWrapper string }
	}
	Shapes map[string]*botoShape
}

type botoShape struct {
	Type      string
	Members   ordered
	Required  []string
	Member    *botoRef
	Key       *botoRef
	Value     *botoRef
	Enum      []string
	Min, Max  *float64
	Pattern   string
	Flattened bool
	Exception bool
	Fault     bool
	Error     *struct {
		Code           string
		HTTPStatusCode int
		SenderFault    bool
	}
}

type botoRef struct {
	Shape, LocationName string
	Flattened           bool
}

// ordered keeps the order of a structure's members, which the XML form follows.
type ordered []struct {
	name string
	ref  botoRef
}

func (o *ordered) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		var ref botoRef
		if err := d.Decode(&ref); err != nil {
			return err
		}
		*o = append(*o, struct {
			name string
			ref  botoRef
		}{k.(string), ref})
	}
	return nil
}

func readBoto(path string) (*botoModel, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = readGzip(path + ".gz")
	}
	if err != nil {
		return nil, err
	}
	m := &botoModel{}
	return m, json.Unmarshal(b, m)
}

func readGzip(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func reduce(path string) (*Model, error) {
	b, err := readBoto(path)
	if err != nil {
		return nil, err
	}
	md := b.Metadata
	m := &Model{
		Name: md.ServiceID, SigningName: md.EndpointPrefix, Version: md.APIVersion,
		TargetPrefix: md.TargetPrefix, XMLNamespace: md.XMLNamespace, Shapes: map[string]*Shape{},
	}
	for name, op := range b.Operations {
		o := Operation{Name: name}
		if op.Input != nil {
			o.Input = op.Input.Shape
		}
		if op.Output != nil {
			o.Output, o.Result = op.Output.Shape, op.Output.ResultWrapper
		}
		m.Operations = append(m.Operations, o)
	}
	sort.Slice(m.Operations, func(i, j int) bool { return m.Operations[i].Name < m.Operations[j].Name })
	for name, s := range b.Shapes {
		if s.Exception {
			m.Errors = append(m.Errors, reduceError(name, s))
			continue
		}
		m.Shapes[name] = reduceShape(s)
	}
	sort.Slice(m.Errors, func(i, j int) bool { return m.Errors[i].Shape < m.Errors[j].Shape })
	if err := overlay(m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func reduceError(name string, s *botoShape) Error {
	e := Error{Shape: name, Query: name, Status: 400, Receiver: s.Fault}
	if s.Error != nil {
		e.Query, e.Status = s.Error.Code, s.Error.HTTPStatusCode
	}
	return e
}

func reduceShape(s *botoShape) *Shape {
	r := &Shape{Type: s.Type, Enum: s.Enum, Flattened: s.Flattened, Min: whole(s.Min), Max: whole(s.Max), HasPattern: s.Pattern != ""}
	if s.Member != nil {
		r.Member = s.Member.Shape
	}
	if s.Key != nil {
		r.Key, r.Value, r.KeyName, r.ValueName = s.Key.Shape, s.Value.Shape, s.Key.LocationName, s.Value.LocationName
	}
	for _, m := range s.Members {
		r.Members = append(r.Members, Member{
			Name: m.name, Shape: m.ref.Shape, Query: m.ref.LocationName, Flattened: m.ref.Flattened,
			Required: slices.Contains(s.Required, m.name),
		})
	}
	return r
}

func whole(f *float64) *int64 {
	if f == nil {
		return nil
	}
	n := int64(*f)
	return &n
}
