package wire

// DecodePingreq checks a PINGREQ (3.12), which has nothing in it.
func DecodePingreq(f Frame) error {
	c := cursor{b: f.Body}
	return c.end()
}

// AppendPingresp appends a PINGRESP (3.13).
func AppendPingresp(dst []byte) []byte { return append(dst, byte(PINGRESP)<<4, 0) }
