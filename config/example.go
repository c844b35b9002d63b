package config

import _ "embed"

//go:embed slipway.example.yaml
var example string

// Example returns a complete configuration with every key, explained. Where a
// key has a default, it is the one shown.
func Example() string { return example }
