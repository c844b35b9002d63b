package wire

import "strings"

// Version is one of the three, 0 before it is negotiated.
type Version uint8

// The versions.
const (
	V10 Version = 10
	V11 Version = 11
	V12 Version = 12
)

// Versions is what this package speaks, as an ERROR's version header lists it.
const Versions = "1.0,1.1,1.2"

func (v Version) String() string {
	switch v {
	case V11:
		return "1.1"
	case V12:
		return "1.2"
	}
	return "1.0"
}

// Negotiate is the highest version of an accept-version header that there is;
// false if there is none.
func Negotiate(accept string) (v Version, ok bool) {
	for _, one := range strings.Split(accept, ",") {
		for _, have := range []Version{V10, V11, V12} {
			if strings.TrimSpace(one) == have.String() {
				v = max(v, have)
			}
		}
	}
	return v, v != 0
}
