package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

const envPrefix = "SLIPWAY_"

// serviceLink matches, behind the prefix, what Kubernetes puts into every
// container's environment for a Service called slipway or slipway-something.
var serviceLink = regexp.MustCompile(`^([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)$`)

// envName is the variable that sets the setting at path.
func envName(path []string) string {
	return envPrefix + strings.ToUpper(strings.Join(path, "_"))
}

// readEnv returns what the variables of env ("NAME=value") set, as a tree.
func (ps *problems) readEnv(env []string) map[string]any {
	byName := map[string]leaf{}
	for _, l := range leaves(reflect.TypeFor[Config](), nil) {
		byName[envName(l.path)] = l
	}
	tree := map[string]any{}
	for _, variable := range slices.Sorted(slices.Values(env)) {
		name, text, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, envPrefix)
		if !ours || text == "" || rest == "CONFIG" || strings.HasPrefix(rest, "TEST_") || serviceLink.MatchString(rest) {
			continue
		}
		l, ok := byName[name]
		if !ok {
			ps.addAt(origin{}, name, "no setting has this environment variable%s", notBuiltVariable(rest))
			continue
		}
		ps.set(tree, l, text, name)
	}
	return tree
}

func notBuiltVariable(rest string) string {
	section, _, _ := strings.Cut(strings.ToLower(rest), "_")
	if why, ok := notBuilt[section]; ok {
		return ": " + why
	}
	return ""
}

// set puts what text says into tree as the setting l; where is who says so.
func (ps *problems) set(tree map[string]any, l leaf, text, where string) {
	path := strings.Join(l.path, ".")
	at := origin{where: where}
	if !isText(l.typ) {
		ps.addAt(at, path, "this list can be set in the file only")
		return
	}
	v, err := parseSetting(l.typ, text)
	if err != nil {
		ps.addAt(at, path, "%v", err)
		ps.broken[path] = true
		return
	}
	put(tree, l.path, v)
	ps.origin[path] = at
	if list, ok := v.([]string); ok {
		ps.originOfItems(path, len(list), at)
	}
}
