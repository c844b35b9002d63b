package stomp

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// As a running ActiveMQ does with these headers.
func TestSchedules(t *testing.T) {
	for _, tt := range []struct {
		delay, period, repeat string
		at                    []time.Duration
	}{
		{"500", "400", "3", []time.Duration{500, 900, 1300, 1700}},
		{"", "700", "2", []time.Duration{700, 1400, 2100}},
		{"300", "", "2", []time.Duration{300, 400, 500}},
		{"300", "0", "1", []time.Duration{300, 400}},
		{"500", "400", "", []time.Duration{500}},
		{"", "400", "", []time.Duration{400}},
		{"", "", "2", []time.Duration{0}},
		{"", "0", "0", []time.Duration{0}},
	} {
		for _, persistent := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				w := piped(t)
				defer w.close()
				c := w.connected("1.2")
				c.send("SUBSCRIBE id:s; destination:/queue/a; receipt:s")
				c.want("RECEIPT receipt-id:s")
				begun, seen := time.Now(), map[string]bool{}
				send := fmt.Sprintf("SEND destination:/queue/a; persistent:%v", persistent)
				for name, val := range map[string]string{"DELAY": tt.delay, "PERIOD": tt.period, "REPEAT": tt.repeat} {
					if val != "" {
						send += "; AMQ_SCHEDULED_" + name + ":" + val
					}
				}
				c.send("%s; AMQ_SCHEDULED_CRON: | x", send)
				for i, want := range tt.at {
					f := c.want("MESSAGE | x")
					if d := time.Since(begun) - want*time.Millisecond; d < 0 || d > 100*time.Millisecond {
						t.Errorf("%+v: message %d came after %v", tt, i, time.Since(begun))
					}
					seen[f.get("message-id")] = true
				}
				<-time.After(time.Minute)
				c.sync()
				if len(seen) != len(tt.at) {
					t.Errorf("%d message ids of %d messages", len(seen), len(tt.at))
				}
			})
		}
	}
}

// At times of the calendar, from midnight on: each time one, or a series.
func TestCron(t *testing.T) {
	for headers, want := range map[string][]time.Duration{
		"AMQ_SCHEDULED_CRON:0 * * * *":                            {time.Hour, 2 * time.Hour, 3 * time.Hour},
		"AMQ_SCHEDULED_CRON:0 * * * *; AMQ_SCHEDULED_DELAY:5000":  {time.Hour, 2 * time.Hour, 3 * time.Hour},
		"AMQ_SCHEDULED_CRON:0 * * * *; AMQ_SCHEDULED_PERIOD:5000": {time.Hour, 2 * time.Hour, 3 * time.Hour},
		"AMQ_SCHEDULED_CRON: 30 1,2 * * *":                        {90 * time.Minute, 150 * time.Minute},
		"AMQ_SCHEDULED_CRON:0 2 * * *; AMQ_SCHEDULED_REPEAT:1":    {2 * time.Hour, 2*time.Hour + 100*time.Millisecond},
		"AMQ_SCHEDULED_CRON:0 * * * *; expiration:7300000":        {time.Hour, 2 * time.Hour},
		"AMQ_SCHEDULED_CRON:0 2 * * *; AMQ_SCHEDULED_REPEAT:2; AMQ_SCHEDULED_DELAY:1000; AMQ_SCHEDULED_PERIOD:500": {
			2*time.Hour + time.Second, 2*time.Hour + 1500*time.Millisecond, 2*time.Hour + 2*time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := piped(t)
			defer w.close()
			c := w.connected("1.2")
			begun, seen := time.Now(), map[string]bool{}
			c.send("SUBSCRIBE id:s; destination:/queue/a; receipt:s")
			c.want("RECEIPT receipt-id:s")
			c.send("SEND destination:/queue/a; persistent:true; %s | x", headers)
			for i, at := range want {
				<-time.After(time.Until(begun.Add(at - 10*time.Millisecond)))
				c.sync() // nothing came until then
				f := c.want("MESSAGE | x")
				if d := time.Since(begun) - at; d < 0 || d > 10*time.Millisecond {
					t.Errorf("%s: message %d came after %v", headers, i, time.Since(begun))
				}
				seen[f.get("message-id")] = true
			}
			<-time.After(time.Until(begun.Add(3*time.Hour + 30*time.Minute)))
			c.sync()
			if len(seen) != len(want) {
				t.Errorf("%s: %d message ids of %d messages", headers, len(seen), len(want))
			}
		})
	}
}

func TestSchedulesRefused(t *testing.T) {
	w := newWorld(t)
	for headers, short := range map[string]string{
		"AMQ_SCHEDULED_CRON:60 * * * *":                           "Invalid",
		"AMQ_SCHEDULED_CRON:0":                                    "Invalid",
		"AMQ_SCHEDULED_CRON:0 0 31 2 *":                           "Invalid",
		"AMQ_SCHEDULED_DELAY:1; AMQ_SCHEDULED_REPEAT:-1":          "Invalid header",
		"AMQ_SCHEDULED_PERIOD:x":                                  "Invalid header",
		"AMQ_SCHEDULED_PERIOD:99999999999999":                     "Invalid header",
		"AMQ_SCHEDULED_PERIOD:1; AMQ_SCHEDULED_REPEAT:9999999999": "Invalid header",
	} {
		w.connected("1.1").refused("SEND destination:/queue/a; "+headers, short)
	}
	for _, headers := range []string{"AMQ_SCHEDULED_PERIOD:1; AMQ_SCHEDULED_REPEAT:1", "AMQ_SCHEDULED_CRON:* * * * *"} {
		w.connected("1.2").refused("SEND destination:/queue/a; "+headers+" | "+strings.Repeat("x", maxRepeated+1), "Over a limit")
	}
}
