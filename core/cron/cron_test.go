package cron

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // so that no machine lacks the zone of TestClocksSet
)

// From Friday, 2025-11-28 20:12:13 on. What is marked + is ActiveMQ 5.17.2's
// CronParser's answer too; it was asked.
func TestNext(t *testing.T) {
	after := time.Date(2025, 11, 28, 20, 12, 13, 0, time.UTC)
	for expr, want := range map[string]string{
		"* * * * *":                             "2025-11-28 20:13", // +
		"0 * * * *":                             "2025-11-28 21:00", // +
		"*/5 * * * *":                           "2025-11-28 20:15", // +
		"1-10/3 * * * *":                        "2025-11-28 21:03", // +
		"0-59/20 0-23/6 1,15 */2 *":             "2025-12-01 00:00", // +
		"0 0 */2 * *":                           "2025-11-30 00:00", // +
		"0 0 1-15/4 * *":                        "2025-12-04 00:00", // +
		"0 0 1 */5 *":                           "2026-05-01 00:00", // +
		"0 0 * * */2":                           "2025-11-29 00:00", // +
		"*/59 * * * *":                          "2025-11-28 20:59", // +
		"5,7 * * * *":                           "2025-11-28 21:05", // +
		"05 * * * *":                            "2025-11-28 21:05", // +
		"*,5 * * * *":                           "2025-11-28 20:13", // +
		"  0   1  * * * ":                       "2025-11-29 01:00", // +
		"0 0 ? * *":                             "2025-11-29 00:00", // +
		"12 20 28 11 *":                         "2026-11-28 20:12",
		"0 12 1 * *":                            "2025-12-01 12:00", // +
		"0 12 * * 1":                            "2025-12-01 12:00", // +
		"0 12 1 * 1":                            "2025-12-01 12:00", // +
		"0 0 1-7 * 1":                           "2025-12-01 00:00", // +
		"0 0 15 * 6":                            "2025-11-29 00:00", // Saturday; 2025-12-20 there
		"0 12 13 * 5":                           "2025-12-05 12:00", // Friday; Saturday the 13th there
		"0 0 * * 0":                             "2025-11-30 00:00", // +
		"0 0 * * 1-5":                           "2025-12-01 00:00", // +
		"0 0 31 * *":                            "2025-12-31 00:00", // +
		"0 0 30 4,6 *":                          "2026-04-30 00:00", // +
		"0 0 29 2 *":                            "2028-02-29 00:00", // 2026-03-01 there
		"0 0 30 2 1":                            "2026-02-02 00:00",
		strings.Repeat("1,", 120) + "1 * * * *": "2025-11-28 21:01",
	} {
		s, err := Parse(expr)
		if err != nil {
			t.Errorf("%q: %v", expr, err)
			continue
		}
		if got := s.Next(after).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%q: %s, want %s", expr, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, expr := range []string{
		"", "* * * *", "* * * * * *", "@hourly", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 7",
		"* * * * MON", "* * * JAN *", "a * * * *", "-1 * * * *", "1- * * * *", "-5 * * * *", "5-* * * * *", "10-5 * * * *", "*/0 * * * *", "*/-1 * * * *",
		"*/ * * * *", "*/60 * * * *", "1-2/5 * * * *", "7/10 * * * *", "1/2/3 * * * *", "1,,2 * * * *", ", * * * *", "+5 * * * *", "0 0 L * *", "1-5-7 * * * *", "0x5 * * * *",
		"0 0 31 2 *", "0 0 31 4,6,9,11 *", "999999999999999999999 * * * *", strings.Repeat("1,", 130) + "1 * * * *",
	} {
		if s, err := Parse(expr); err == nil {
			t.Errorf("%q is taken: %+v", expr, s)
		}
	}
}

// Where clocks are set, time goes on.
func TestClocksSet(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ expr, after, want string }{
		{"30 * * * *", "2026-03-08T01:45:00-05:00", "2026-03-08T03:30:00-04:00"},
		{"30 2 * * *", "2026-03-08T01:45:00-05:00", "2026-03-09T02:30:00-04:00"}, // there is no such time that day
		{"*/30 * * * *", "2026-11-01T01:45:00-04:00", "2026-11-01T01:00:00-05:00"},
		{"30 1 * * *", "2026-11-01T01:45:00-04:00", "2026-11-01T01:30:00-05:00"}, // twice
		{"0 0 * * *", "2026-11-01T01:45:00-04:00", "2026-11-02T00:00:00-05:00"},
	} {
		s, err := Parse(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		after, _ := time.Parse(time.RFC3339, c.after)
		if got := s.Next(after.In(zone)).Format(time.RFC3339); got != c.want {
			t.Errorf("%q behind %s: %s, want %s", c.expr, c.after, got, c.want)
		}
	}
}

// The next time is the first minute behind that the fields name.
func FuzzParse(f *testing.F) {
	for _, expr := range []string{"* * * * *", "*/5 1-3 1,15 * 1-5", "0 0 29 2 *", "59 23 31 12 ?", "7-50/9 */7 * 2 6", "60 * * * *"} {
		f.Add(expr, int64(1_764_360_733))
	}
	f.Fuzz(func(t *testing.T, expr string, after int64) {
		s, err := Parse(expr)
		if err != nil {
			return
		}
		from := time.Unix(after%(1<<32), 0).UTC()
		next := s.Next(from)
		if !next.After(from) || next.Second() != 0 || !s.at(next) {
			t.Fatalf("%q behind %v: %v", expr, from, next)
		}
		for m, n := from.Truncate(time.Minute).Add(time.Minute), 0; m.Before(next) && n < 3000; m, n = m.Add(time.Minute), n+1 {
			if s.at(m) {
				t.Fatalf("%q behind %v: %v, but %v is before", expr, from, next, m)
			}
		}
	})
}

func (s Schedule) at(t time.Time) bool {
	return has(s.minutes, t.Minute()) && has(s.hours, t.Hour()) && has(s.months, int(t.Month())) && s.onDay(t)
}
