package config

import "testing"

func TestParseSCRAM(t *testing.T) {
	const good = "SCRAM-SHA-256$4096:c2FsdCBvZiBhbm4=$AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	for text, ok := range map[string]bool{
		good: true,
		"":   false, "SCRAM-SHA-256": false, "SCRAM-SHA-1" + good[13:]: false, good[:60]: false, good + "=": false, good + "$": false,
		"SCRAM-SHA-256$4095" + good[18:]:        false,
		"SCRAM-SHA-256$99999999" + good[18:]:    false,
		"SCRAM-SHA-256$4096" + good[34:]:        false,
		"SCRAM-SHA-256$4096:c2E=" + good[35:]:   false,
		"SCRAM-SHA-256$4096:c2F=$x" + good[35:]: false,
	} {
		v, err := ParseSCRAM(text)
		if (err == nil) != ok || ok && v.String() != text {
			t.Errorf("%s: %v, %v", text, v, err)
		}
	}
}
