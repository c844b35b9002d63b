package main

import (
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// Policies of the configuration change what anybody declares, and go with it.
func TestConfiguredPolicies(t *testing.T) {
	const text = "data_dir: ./data\nqueues: [{name: logs.a}, {name: other}]\n"
	const policies = `policies:
  - {name: logs, pattern: "^logs", apply_to: queues, message_ttl: 1m, max_length: 5, overflow: reject-publish, dead_letter_exchange: dlx}
`
	out, dir := outside(t), t.TempDir()
	effective := func(text string) core.QueueOptions {
		cfg := settings(t, text)
		cfg.DataDir = dir
		in, err := start(cfg, quiet(), out)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := in.stop(); err != nil {
				t.Error(err)
			}
		}()
		q, _ := in.broker.Default().Queue("logs.a")
		other, _ := in.broker.Default().Queue("other")
		if other.Effective().MaxLength != 0 {
			t.Error("the policy is for other too")
		}
		return q.Effective()
	}
	if o := effective(text + policies); o.MessageTTL != time.Minute || o.MaxLength != 5 || o.Overflow != core.RejectPublish || o.DeadLetter.Name != "dlx" {
		t.Errorf("with the policy %+v", o)
	}
	if o := effective(text); o.MessageTTL != 0 || o.MaxLength != 0 {
		t.Errorf("without it %+v", o)
	}
}
