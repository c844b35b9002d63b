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

func TestSchedulesRefused(t *testing.T) {
	w := newWorld(t)
	for headers, short := range map[string]string{
		"AMQ_SCHEDULED_CRON:0 * * * *":                            "Not implemented",
		"AMQ_SCHEDULED_DELAY:1; AMQ_SCHEDULED_REPEAT:-1":          "Invalid header",
		"AMQ_SCHEDULED_PERIOD:x":                                  "Invalid header",
		"AMQ_SCHEDULED_PERIOD:99999999999999":                     "Invalid header",
		"AMQ_SCHEDULED_PERIOD:1; AMQ_SCHEDULED_REPEAT:9999999999": "Invalid header",
	} {
		w.connected("1.1").refused("SEND destination:/queue/a; "+headers, short)
	}
	w.connected("1.2").refused("SEND destination:/queue/a; AMQ_SCHEDULED_PERIOD:1; AMQ_SCHEDULED_REPEAT:1 | "+strings.Repeat("x", maxRepeated+1), "Over a limit")
}
