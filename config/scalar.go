package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// parseScalar reads text as a value of type t, one of the kinds that fields
// of Config have. File, environment and flags all come through here, so that
// a value is written the same way everywhere.
func parseScalar(t reflect.Type, text string) (any, error) {
	switch t {
	case reflect.TypeFor[string]():
		return text, nil
	case reflect.TypeFor[bool]():
		return parseBool(text)
	case reflect.TypeFor[int]():
		return parseInt(text)
	case reflect.TypeFor[Bytes]():
		return parseBytes(text)
	case reflect.TypeFor[time.Duration]():
		return parseDuration(text)
	}
	panic("config: a field has a type that parseScalar does not know: " + t.String())
}

func parseBool(text string) (any, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return nil, fmt.Errorf("%s is neither true nor false", quote(text))
}

func parseInt(text string) (any, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s is not a whole number", quote(text))
	}
	return int(n), nil
}

func parseDuration(text string) (any, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a duration such as 500ms, 10s or 5m", quote(text))
	}
	return d, nil
}

var units = []struct {
	suffix string
	size   Bytes
}{
	{"KiB", KiB}, {"MiB", MiB}, {"GiB", GiB}, {"B", 1}, {"", 1}, // "B" ends the others too
}

func parseBytes(text string) (any, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(u.size) {
			break
		}
		return Bytes(n) * u.size, nil
	}
	return nil, fmt.Errorf("%s is not a size such as 65536, 512KiB, 16MiB or 1GiB", quote(text))
}

// String writes the size in the largest unit that loses nothing.
func (b Bytes) String() string {
	for _, u := range []struct {
		name string
		size Bytes
	}{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}} {
		if b >= u.size && b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// splitList reads a comma list; spaces around the elements do not count.
func splitList(text string) []string {
	if strings.TrimSpace(text) == "" {
		return []string{}
	}
	list := strings.Split(text, ",")
	for i, s := range list {
		list[i] = strings.TrimSpace(s)
	}
	return list
}

// quote shows a value in a message: quoted, and cut so that a message stays a
// line.
func quote(text string) string {
	const most = 80
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return strconv.Quote(text)
}
