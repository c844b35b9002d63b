package policy

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// operators are those of conditions, by name; immutable.
var operators = operatorTable()

func operatorTable() map[string]*operator {
	operators := map[string]*operator{}
	add := func(negated string, positive string, op operator) {
		operators[positive] = &op
		if negated != "" {
			not := op
			not.negated = true
			operators[negated] = &not
		}
	}
	same := func(a, b string) bool { return a == b }
	add("StringNotEquals", "StringEquals", operator{holds: func(o *operand, v string, k Keys) bool { return o.equals(v, k, same) }})
	add("StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase", operator{holds: func(o *operand, v string, k Keys) bool { return o.equals(v, k, strings.EqualFold) }})
	add("StringNotLike", "StringLike", operator{holds: func(o *operand, v string, k Keys) bool { return o.matches(v, k) }})
	add("ArnNotEquals", "ArnEquals", operator{holds: holdsARN})
	add("ArnNotLike", "ArnLike", operator{holds: holdsARN})
	add("", "BinaryEquals", operator{read: readBinary, holds: func(o *operand, v string, _ Keys) bool { return o.prepared == v }})
	add("", "Bool", operator{read: readBool, holds: func(o *operand, v string, _ Keys) bool {
		b, ok := parseBool(v)
		return ok && o.prepared == b
	}})
	add("", "Null", operator{read: readBool})
	add("NotIpAddress", "IpAddress", operator{read: readIP, holds: holdsIP})
	for name, want := range map[string]func(order int) bool{
		"Equals":            func(o int) bool { return o == 0 },
		"LessThan":          func(o int) bool { return o < 0 },
		"LessThanEquals":    func(o int) bool { return o <= 0 },
		"GreaterThan":       func(o int) bool { return o > 0 },
		"GreaterThanEquals": func(o int) bool { return o >= 0 },
	} {
		not := map[bool]string{true: "NotEquals"}[name == "Equals"]
		add(prefixed("Numeric", not), "Numeric"+name, operator{read: readNumber, holds: func(o *operand, v string, _ Keys) bool {
			a, ok := parseNumber(v)
			return ok && want(compareNumbers(a, o.prepared.(float64)))
		}})
		add(prefixed("Date", not), "Date"+name, operator{read: readDate, holds: func(o *operand, v string, _ Keys) bool {
			a, ok := parseDate(v)
			return ok && want(a.Compare(o.prepared.(time.Time)))
		}})
	}
	return operators
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// holdsARN compares part by part, so that a * stays in its own.
func holdsARN(o *operand, v string, keys Keys) bool {
	want, have := strings.SplitN(o.source, ":", 6), strings.SplitN(v, ":", 6)
	if len(want) < 6 || len(have) < 6 || o.variables {
		return o.matches(v, keys)
	}
	for i := range want {
		if !glob(appendElements(nil, want[i]), []rune(have[i])) {
			return false
		}
	}
	return true
}

func readBinary(o *operand) bool {
	b, err := base64.StdEncoding.DecodeString(o.source)
	o.prepared = string(b)
	return err == nil
}

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

func readBool(o *operand) bool {
	b, ok := parseBool(o.source)
	o.prepared = b
	return ok
}

func parseNumber(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f == f
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func readNumber(o *operand) bool {
	f, ok := parseNumber(o.source)
	o.prepared = f
	return ok
}

// parseDate reads ISO 8601 as IAM takes it, or seconds of the epoch.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700", "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(n, 0), err == nil
}

func readDate(o *operand) bool {
	t, ok := parseDate(o.source)
	o.prepared = t
	return ok
}

func readIP(o *operand) bool {
	p, err := netip.ParsePrefix(o.source)
	if err != nil {
		a, err := netip.ParseAddr(o.source)
		if err != nil || a.Zone() != "" {
			return false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	o.prepared = p.Masked()
	return true
}

func holdsIP(o *operand, v string, _ Keys) bool {
	a, err := netip.ParseAddr(v)
	return err == nil && o.prepared.(netip.Prefix).Contains(a.Unmap())
}
