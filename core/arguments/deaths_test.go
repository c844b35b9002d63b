package arguments

import "testing"

// Seen at a RabbitMQ 3.10, of a message that was rejected from queue to queue.
func TestDeathPlace(t *testing.T) {
	for latestFirst, want := range map[string]string{
		"": "", "a": "a", "ba": "ba", "cba": "cab", "dcba": "dbac", "edcba": "ecabd", "aedcb": "adbce", "baedc": "becda",
	} {
		got := make([]byte, len(latestFirst))
		for i := range latestFirst {
			got[DeathPlace(i, len(got))] = latestFirst[i]
		}
		if string(got) != want {
			t.Errorf("%s: %s, want %s", latestFirst, got, want)
		}
	}
}
