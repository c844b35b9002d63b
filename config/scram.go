package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// SCRAM is the content of a SCRAM-SHA-256 verifier (RFC 5802): enough to
// verify a login, not enough to log in.
type SCRAM struct {
	Iterations           int
	Salt                 []byte
	StoredKey, ServerKey [32]byte
}

// Bounds of a verifier's cost, which only the client pays, and its least
// (RFC 7677, section 4).
const (
	leastIterations = 4096
	mostIterations  = 10_000_000
)

// ParseSCRAM reads SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>,
// in base64. Its error never shows the verifier.
func ParseSCRAM(text string) (v SCRAM, err error) {
	parts := strings.Split(text, "$")
	if len(text) > 512 || len(parts) != 3 || parts[0] != "SCRAM-SHA-256" {
		return v, errors.New("this is no SCRAM-SHA-256 verifier: `slipway hash-password --scram` makes one from a password")
	}
	iterations, salt, ok1 := strings.Cut(parts[1], ":")
	stored, server, ok2 := strings.Cut(parts[2], ":")
	if !ok1 || !ok2 {
		return v, errors.New("not of the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey")
	}
	if v.Iterations, err = strconv.Atoi(iterations); err != nil || v.Iterations < leastIterations || v.Iterations > mostIterations {
		return v, fmt.Errorf("the iterations of a SCRAM verifier are not between %d and %d", leastIterations, mostIterations)
	}
	b64 := base64.StdEncoding.Strict()
	if v.Salt, err = b64.DecodeString(salt); err != nil || len(v.Salt) < 8 || len(v.Salt) > 64 {
		return v, errors.New("the salt of a SCRAM verifier is not 8 to 64 bytes in base64")
	}
	for _, k := range []struct {
		text string
		into *[32]byte
	}{{stored, &v.StoredKey}, {server, &v.ServerKey}} {
		raw, err := b64.DecodeString(k.text)
		if err != nil || len(raw) != len(k.into) {
			return v, errors.New("a key of a SCRAM verifier is not 32 bytes in base64")
		}
		copy(k.into[:], raw)
	}
	return v, nil
}

// String is what ParseSCRAM reads.
func (v SCRAM) String() string {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", v.Iterations, b64(v.Salt), b64(v.StoredKey[:]), b64(v.ServerKey[:]))
}
