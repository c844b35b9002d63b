package config

import (
	"reflect"
	"strings"
)

// Changed lists the settings whose values differ, by path, in the order of
// Config. A list is one setting.
func Changed(a, b Config) []string {
	var paths []string
	for _, l := range leaves(reflect.TypeFor[Config](), nil) {
		va, vb := reflect.ValueOf(get(a, l.path)), reflect.ValueOf(get(b, l.path))
		if va.Kind() == reflect.Slice && va.Len() == 0 && vb.Len() == 0 {
			continue // nothing is nothing, however it is written
		}
		if !reflect.DeepEqual(va.Interface(), vb.Interface()) {
			paths = append(paths, strings.Join(l.path, "."))
		}
	}
	return paths
}
