package config

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the file: a configuration is written by hand.
const maxFile = 1 << 20

// walker turns the file into a tree of maps, lists and typed values, and
// leaves out, with a problem, whatever does not fit the schema.
type walker struct {
	*problems
	file string
}

// readTree parses text, which came from file.
func (ps *problems) readTree(file string, text []byte) map[string]any {
	w := walker{ps, file}
	root, err := parseYAML(text)
	if err != nil {
		w.addAt(origin{where: file}, "", "%v", err)
		return nil
	}
	if root == nil {
		return nil
	}
	tree, _ := w.section(root, reflect.TypeFor[Config](), "").(map[string]any)
	return tree
}

// parseYAML returns the root of the only document in text, nil if it is empty.
func parseYAML(text []byte) (*yaml.Node, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("the file is longer than %v", Bytes(maxFile))
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("not YAML: %v", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file holds more than one document")
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil, nil
	}
	return doc.Content[0], nil
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

func (w *walker) at(n *yaml.Node) origin {
	return origin{where: fmt.Sprintf("%s, line %d", w.file, n.Line), line: n.Line}
}

// value reads n as a setting of type t; nil means that there is none.
func (w *walker) value(n *yaml.Node, t reflect.Type, path string) any {
	w.origin[path] = w.at(n)
	switch {
	case isNull(n):
		return nil
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		w.unreadable(path, "anchors and aliases are not read here: write the value out")
		return nil
	case t.Kind() == reflect.Struct:
		return w.section(n, t, path)
	case t.Kind() == reflect.Slice:
		return w.list(n, t.Elem(), path)
	case n.Kind != yaml.ScalarNode:
		w.unreadable(path, "a single value is expected here, not %s", kindOf(n))
		return nil
	}
	v, err := parseScalar(t, n.Value)
	if err != nil {
		w.unreadable(path, "%v", err)
		return nil
	}
	return v
}

// list reads n as a list. Where the elements are text, a comma list will do.
func (w *walker) list(n *yaml.Node, elem reflect.Type, path string) any {
	if n.Kind == yaml.ScalarNode && elem.Kind() == reflect.String {
		items := splitList(n.Value)
		w.originOfItems(path, len(items), w.at(n))
		return items
	}
	if n.Kind != yaml.SequenceNode {
		w.unreadable(path, "a list is expected here, not %s", kindOf(n))
		return nil
	}
	all := []any{}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		v := w.value(item, elem, at)
		if v == nil && isNull(item) {
			w.unreadable(at, "an element has no value")
		}
		if v == nil { // keep the place, so that the paths of later problems are right
			v = emptyOf(elem)
		}
		all = append(all, v)
	}
	return all
}

// section reads n as the settings of struct type t. Only the root has no path.
func (w *walker) section(n *yaml.Node, t reflect.Type, path string) any {
	if n.Kind != yaml.MappingNode {
		w.broken[path] = true
		w.addAt(w.at(n), path, "settings (key: value) are expected here, not %s", kindOf(n))
		return nil
	}
	tree := map[string]any{}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, below := n.Content[i], n.Content[i+1]
		at := join(path, shown(key))
		f, ok := field(t, key.Value)
		switch {
		case !ok || key.Kind != yaml.ScalarNode:
			w.addAt(w.at(key), at, "%s", unknown(t, path, key.Value))
			continue
		case seen[key.Value]:
			w.addAt(w.at(key), at, "the key is here a second time")
			continue
		}
		seen[key.Value] = true
		if v := w.value(below, f.Type, at); v != nil {
			tree[key.Value] = v
		}
	}
	return tree
}

func emptyOf(t reflect.Type) any {
	if t.Kind() == reflect.Struct {
		return map[string]any{}
	}
	return reflect.Zero(t).Interface()
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// shown is a key as it stands in a path.
func shown(key *yaml.Node) string {
	if key.Kind != yaml.ScalarNode {
		return "(" + kindOf(key) + ")"
	}
	if len(key.Value) > 40 || strings.ContainsFunc(key.Value, func(r rune) bool { return r < ' ' }) {
		return quote(key.Value)
	}
	return key.Value
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "settings"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	default:
		return "a single value"
	}
}
