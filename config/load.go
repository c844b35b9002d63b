package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"github.com/spf13/viper"
)

// Sources are the layers over the defaults, weakest first.
type Sources struct {
	File  string            // its path; "" for none
	Env   []string          // "NAME=value", as os.Environ gives them
	Flags map[string]string // by path: "mqtt.listen" -> "127.0.0.1:1884"
}

// Load reads and checks the configuration. Its error joins a [Problem] for
// everything that is wrong.
func Load(src Sources) (Config, error) {
	if src.File == "" {
		return Parse("", nil, src.Env, src.Flags)
	}
	text, err := readFile(src.File)
	if err != nil {
		return Config{}, err
	}
	return Parse(src.File, text, src.Env, src.Flags)
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unread(name, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unread(name, err)
	}
	return text, nil
}

// unread says once which file it is, and in a person's words what is with it.
func unread(name string, err error) error {
	var why *fs.PathError
	if errors.As(err, &why) {
		err = why.Err
	}
	return &Problem{Text: "the file cannot be read: " + err.Error(), Where: name, cause: err}
}

// Parse is Load with the text of the file at hand; file is its name in
// messages.
func Parse(file string, text []byte, env []string, flags map[string]string) (Config, error) {
	ps := newProblems()
	layers := []map[string]any{
		ps.readTree(file, text),
		ps.readEnv(env),
		ps.readFlags(flags),
	}
	c, err := merge(layers)
	if err != nil { // the trees fit the schema, so this is our mistake
		return Config{}, fmt.Errorf("config: %w", err)
	}
	ps.validate(c)
	if err := ps.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// readFlags returns what the flags set, as a tree.
func (ps *problems) readFlags(flags map[string]string) map[string]any {
	tree := map[string]any{}
	known := 0
	for _, l := range leaves(reflect.TypeFor[Config](), nil) {
		path := strings.Join(l.path, ".")
		text, ok := flags[path]
		if !ok {
			continue
		}
		known++
		ps.set(tree, l, text, "command line")
	}
	if known != len(flags) {
		panic(fmt.Sprintf("config: a flag names no setting: %v", flags))
	}
	return tree
}

// merge lays the trees over the defaults, the later over the earlier.
func merge(layers []map[string]any) (Config, error) {
	// Keys hold no NUL, so a path in one piece cannot be taken for levels.
	const delimiter = "\x00"
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	base := Default()
	for _, l := range leaves(reflect.TypeFor[Config](), nil) {
		v.SetDefault(strings.Join(l.path, delimiter), get(base, l.path))
	}
	var errs []error
	for _, tree := range layers {
		errs = append(errs, v.MergeConfigMap(tree))
	}
	var c Config
	errs = append(errs, v.UnmarshalExact(&c, strict))
	return c, errors.Join(errs...)
}

// originOfItems notes where each element of a list was written.
func (ps *problems) originOfItems(path string, n int, at origin) {
	for i := range n {
		ps.origin[fmt.Sprintf("%s[%d]", path, i)] = at
	}
}
