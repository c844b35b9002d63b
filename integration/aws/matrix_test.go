package aws

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
	"github.com/slipwaymq/slipway/integration/internal/matrix"
)

// A behaviour is a row of the table.
type behaviour struct {
	name string
	run  func(*session)
	not  map[string]string // client -> why this is none of its behaviours
}

// behaviours are all rows.
func behaviours() []behaviour {
	return slices.Concat(messageBehaviours, batchBehaviours, waitBehaviours, fifoBehaviours, queueBehaviours,
		topicBehaviours, fifoTopicBehaviours, endpointBehaviours, policyBehaviours, pageBehaviours, errorBehaviours(sqsErrors), errorBehaviours(snsErrors))
}

func TestMatrix(t *testing.T) {
	endpoint := os.Getenv("SLIPWAY_TEST_AWS")
	if endpoint == "" {
		endpoint = "http://" + daemon.Start(t, daemon.Options{}).AWS
	}
	ref := newReference(t, endpoint)
	rows := behaviours()
	names := make([]string, len(rows))
	for i, b := range rows {
		names[i] = b.name
	}
	table := matrix.New(libraryNames(), names)
	there := map[string]bool{}
	t.Run("client", func(t *testing.T) {
		for _, l := range libraries {
			t.Run(l.name, func(t *testing.T) {
				command := l.start(t)
				there[l.name] = true // before Parallel: one at a time
				t.Parallel()
				command.Env = append(command.Env, environment(endpoint)...)
				p := driver.Start(t, command)
				for row, b := range rows {
					if why := b.not[l.name]; why != "" {
						table.NotApplicable(l.name, b.name, why)
						continue
					}
					table.Run(t, l.name, b.name, func(t *testing.T) {
						b.run(&session{T: t, library: l, process: p, endpoint: endpoint, ref: ref, prefix: fmt.Sprintf("%s-%d-", l.name, row)})
					})
				}
			})
		}
	})
	table.Report(t, "aws")
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // only some were asked for
	}
	for _, l := range libraries {
		if !there[l.name] {
			continue // skipped or failed: said above
		}
		if empty := table.Empty([]string{l.name}); len(empty) > 0 {
			t.Errorf("empty: %q", empty)
		}
	}
}
