package arguments

import "github.com/slipwaymq/slipway/core"

var exchangeArguments = map[string]func(o *core.ExchangeOptions) *string{
	"alternate-exchange": func(o *core.ExchangeOptions) *string { return &o.Alternate },
	"x-delayed-type":     func(o *core.ExchangeOptions) *string { return &o.DelayedKind },
	"hash-header":        func(o *core.ExchangeOptions) *string { return &o.HashHeader },
	"hash-property":      func(o *core.ExchangeOptions) *string { return &o.HashProperty },
}

// Exchange puts a declaration's arguments into options that have everything
// else. An error is an *Error. hs is not kept.
func Exchange(o *core.ExchangeOptions, hs []core.Header) error {
	for _, h := range hs {
		field := exchangeArguments[h.Name]
		if field == nil || h.Name == "x-delayed-type" && o.Kind != core.ExchangeDelayed {
			continue
		}
		if why := isText(h.Value); why != "" {
			return &Error{h.Name, why}
		}
		*field(o) = h.Value.Str
	}
	keep(&o.Attributes, hs)
	return nil
}
