package config

import "reflect"

// The schema is the struct Config itself, read by reflection.

// field returns the field of struct type t that key names.
func field(t reflect.Type, key string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("mapstructure") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// keys returns the keys of struct type t, in the order of its fields.
func keys(t reflect.Type) []string {
	all := make([]string, t.NumField())
	for i := range all {
		all[i] = t.Field(i).Tag.Get("mapstructure")
	}
	return all
}

// leaf is a setting that has a value rather than settings below it.
type leaf struct {
	path []string
	typ  reflect.Type
}

// leaves lists the settings of struct type t; a list is one setting, whatever
// is in it.
func leaves(t reflect.Type, above []string) []leaf {
	var all []leaf
	for i := range t.NumField() {
		f := t.Field(i)
		path := append(above[:len(above):len(above)], f.Tag.Get("mapstructure"))
		if f.Type.Kind() == reflect.Struct {
			all = append(all, leaves(f.Type, path)...)
			continue
		}
		all = append(all, leaf{path, f.Type})
	}
	return all
}

// get returns the value of the setting at path in c.
func get(c Config, path []string) any {
	v := reflect.ValueOf(c)
	for _, key := range path {
		f, _ := field(v.Type(), key)
		v = v.FieldByIndex(f.Index)
	}
	return v.Interface()
}

// put sets the setting at path in tree, which has a map for each level.
func put(tree map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		below, ok := tree[key].(map[string]any)
		if !ok {
			below = map[string]any{}
			tree[key] = below
		}
		tree = below
	}
	tree[path[len(path)-1]] = value
}

var textList = reflect.TypeFor[[]string]()

// parseSetting reads the text of an environment variable or a flag as a
// setting of type t. The caller has refused lists of sections.
func parseSetting(t reflect.Type, text string) (any, error) {
	if t == textList {
		return splitList(text), nil
	}
	return parseScalar(t, text)
}

// isText reports whether a setting of type t can be written in one piece of
// text.
func isText(t reflect.Type) bool {
	return t == textList || t.Kind() != reflect.Slice
}
