package grouplog

import (
	"hash/crc32"
)

// joinSums returns the checksum of what has the checksum a with n bytes behind it that
// have the checksum b: nothing is read. As in zlib's crc32_combine, a is multiplied by
// x^(8n) modulo the polynomial.
func joinSums(a, b uint32, n int) uint32 {
	for k := 3; n > 0; k, n = k+1, n>>1 { // 2^3 bits are a byte
		if n&1 != 0 {
			a = multiply(powers[k], a)
		}
	}
	return a ^ b
}

// powers are x^(2^k) modulo the polynomial.
var powers = func() (p [3 + 63]uint32) {
	p[0] = 1 << 30
	for k := range p[1:] {
		p[k+1] = multiply(p[k], p[k])
	}
	return p
}()

// multiply multiplies modulo the polynomial, whose bits, as those of a and b, stand
// with the lowest power first.
func multiply(a, b uint32) (p uint32) {
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			p ^= b
		}
		b = b>>1 ^ -(b&1)&crc32.Castagnoli
	}
	return p
}
