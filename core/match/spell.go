package match

import "strings"

// ParseMQTT reads a topic filter as SUBSCRIBE carries it: `+` is a whole level
// [MQTT-4.7.1-2], `#` is the last level and stands for the parent too
// [MQTT-4.7.1-1], no NUL and valid UTF-8 [MQTT-4.7.3-2], not empty
// [MQTT-4.7.3-1]. Its `*` is a literal.
func ParseMQTT(s string) (Filter, error) {
	if s == "" {
		return Filter{}, ErrEmpty
	}
	if err := ValidPath(s); err != nil {
		return Filter{}, err
	}
	if !cleanUTF8(s) {
		return Filter{}, ErrEncoding
	}
	tokens := strings.Split(s, "/")
	for i, level := range tokens {
		switch {
		case level == "+":
			tokens[i] = one
		case level == many && i == len(tokens)-1:
		case strings.ContainsAny(level, "+#"):
			return Filter{}, ErrWildcard
		default:
			tokens[i] = quote(level)
		}
	}
	return Filter{strings.Join(tokens, "/")}, nil
}

// MQTT is the filter in MQTT's spelling. False where MQTT has none: for the
// empty filter, a `#` before the last level, and a literal level that no MQTT
// topic name may have.
func (f Filter) MQTT() (string, bool) {
	var out []string
	for l := levelsOf(f.enc); l.more; {
		switch token := l.next(); {
		case token == one:
			out = append(out, "+")
		case token == many:
			if l.more {
				return "", false
			}
			out = append(out, many)
		default:
			level := unquote(token)
			if strings.ContainsAny(level, "+#") || !cleanUTF8(level) {
				return "", false
			}
			out = append(out, level)
		}
	}
	s := strings.Join(out, "/")
	return s, s != ""
}

// ParseAMQP reads a topic exchange's binding key: words between dots, `*` one
// word, `#` zero or more, anywhere; at most 255 bytes of any kind. A `/` in a
// word becomes a `.` in the level and back.
func ParseAMQP(key string) (Filter, error) {
	if len(key) > MaxAMQPBytes {
		return Filter{}, ErrTooLong
	}
	return ParseDotted(key)
}

// ParseDotted is ParseAMQP for a carrier without short strings (STOMP).
func ParseDotted(key string) (Filter, error) {
	if err := ValidPath(Swap(key)); err != nil {
		return Filter{}, err
	}
	// A word is a wildcard only where it is one whole, so no word of AMQP is
	// a literal `*` or `#`; what is left to quote is a leading backslash.
	tokens := strings.Split(Swap(key), "/")
	for i, word := range tokens {
		if !wildcard(word) {
			tokens[i] = quote(word)
		}
	}
	return Filter{strings.Join(tokens, "/")}, nil
}

// AMQP is the filter as a binding key. False where AMQP has none: for a
// literal level `*` or `#`, and over 255 bytes.
func (f Filter) AMQP() (string, bool) {
	var out []string
	for l := levelsOf(f.enc); l.more; {
		token := l.next()
		level := unquote(token)
		if wildcard(level) && token != level {
			return "", false
		}
		out = append(out, level)
	}
	key := Swap(strings.Join(out, "/"))
	return key, len(key) <= MaxAMQPBytes
}
