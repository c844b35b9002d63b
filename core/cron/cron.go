package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// MaxBytes is how long an expression may be.
const MaxBytes = 255

// A Schedule is what an expression says: sets of numbers, by their bits.
type Schedule struct {
	minutes, hours, days, months, weekdays uint64

	someDays, someWeekdays bool // they are not all: with both either will do
}

// A field of an expression and what it may be.
type field struct {
	name  string
	least int
	most  int
}

var fields = [...]field{{"minute", 0, 59}, {"hour", 0, 23}, {"day of the month", 1, 31}, {"month", 1, 12}, {"day of the week", 0, 6}}

// Parse reads an expression. Its errors say what is wrong in words for its author. A
// Schedule has a next time, always.
func Parse(text string) (Schedule, error) {
	if len(text) > MaxBytes {
		return Schedule{}, fmt.Errorf("a schedule of over %d bytes", MaxBytes)
	}
	words := strings.Fields(text)
	if len(words) != len(fields) {
		return Schedule{}, fmt.Errorf("a schedule has %d fields, minute, hour, day of the month, month, day of the week; this one has %d", len(fields), len(words))
	}
	var sets [len(fields)]uint64
	for i, f := range fields {
		for part := range strings.SplitSeq(words[i], ",") {
			set, err := f.parse(part)
			if err != nil {
				return Schedule{}, err
			}
			sets[i] |= set
		}
	}
	s := Schedule{minutes: sets[0], hours: sets[1], days: sets[2], months: sets[3], weekdays: sets[4]}
	s.someDays = bits.OnesCount64(s.days) < 31
	s.someWeekdays = bits.OnesCount64(s.weekdays) < 7
	if s.Next(time.Unix(0, 0).UTC()).IsZero() {
		return Schedule{}, fmt.Errorf("no month of these has such a day")
	}
	return s, nil
}

// parse reads one of a field's parts, between commas.
func (f field) parse(part string) (set uint64, err error) {
	span, by, stepped := strings.Cut(part, "/")
	lo, hi, step := f.least, f.most, 1
	if span != "*" && span != "?" {
		from, to, ranged := strings.Cut(span, "-")
		if lo, err = f.number(from); err != nil {
			return 0, err
		}
		hi = lo
		if ranged {
			if hi, err = f.number(to); err != nil {
				return 0, err
			}
		}
		if lo > hi || stepped && !ranged {
			return 0, fmt.Errorf("the %s cannot be %q", f.name, part)
		}
	}
	if stepped {
		if step, err = strconv.Atoi(by); err != nil || step < 1 || step > f.most {
			return 0, fmt.Errorf("the %s cannot be %q", f.name, part)
		}
	}
	for n := lo; n <= hi; n++ {
		if n%step == 0 {
			set |= 1 << n
		}
	}
	if set == 0 {
		return 0, fmt.Errorf("there is no %s of %q", f.name, part)
	}
	return set, nil
}

func (f field) number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || int(n) < f.least || int(n) > f.most {
		return 0, fmt.Errorf("the %s is a number from %d to %d, not %q", f.name, f.least, f.most, text)
	}
	return int(n), nil
}

// farthest is how many years from one 29 February to the next, at most.
const farthest = 8

// Next returns the first of these times behind after, in the zone of after. Of a
// Schedule that Parse returned there always is one.
func (s Schedule) Next(after time.Time) time.Time {
	t := after.Truncate(time.Minute).Add(time.Minute)
	last := after.Year() + farthest
	for t.Year() <= last {
		switch {
		case !has(s.months, int(t.Month())):
			t = forward(t, time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, t.Location()))
		case !s.onDay(t):
			t = forward(t, time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location()))
		case !has(s.hours, t.Hour()):
			t = t.Add(time.Duration(60-t.Minute()) * time.Minute)
		case !has(s.minutes, t.Minute()):
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

// onDay says whether the schedule has something on the day of t.
func (s Schedule) onDay(t time.Time) bool {
	day, weekday := has(s.days, t.Day()), has(s.weekdays, int(t.Weekday()))
	if s.someDays && s.someWeekdays {
		return day || weekday
	}
	return day && weekday
}

func has(set uint64, n int) bool { return set>>n&1 != 0 }

// forward returns to, the beginning of a day, or an hour behind t where a zone has no
// such time and to is not behind t.
func forward(t, to time.Time) time.Time {
	if to.After(t) {
		return to
	}
	return t.Add(time.Hour)
}
