package config

import (
	"slices"
	"testing"
)

func TestChanged(t *testing.T) {
	before := parse(t, "mqtt: {listen: ['127.0.0.1:1']}\nusers: []")
	for text, want := range map[string][]string{
		"mqtt: {listen: '127.0.0.1:1'}": nil,
		"mqtt: {listen: ['127.0.0.1:1', '127.0.0.1:2'], tls: {}}\nlog: {level: debug}":                                                     {"mqtt.listen", "log.level"},
		"mqtt: {listen: ['127.0.0.1:1'], tls: {min_version: '1.3'}}\nusers: [{name: a, access_keys: [{id: AKIA, secret: 'long enough'}]}]": {"mqtt.tls.min_version", "users"},
		"mqtt: {listen: ['127.0.0.1:1']}\nlimits: {drain_timeout: 30s}":                                                                    nil,
	} {
		if got := Changed(before, parse(t, text)); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
