package config

import "github.com/go-viper/mapstructure/v2"

// strict turns off viper's guesses: the trees hold values of the right types.
func strict(c *mapstructure.DecoderConfig) {
	c.WeaklyTypedInput = false
	c.DecodeHook = nil
	c.ZeroFields = true
}
