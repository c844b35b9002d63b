package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/config"
)

// What RabbitMQ keeps of a password is four bytes of salt and one round of a hash
// over salt and password, which is fast to guess against. So that digest is hashed
// again, as a password is; not while thousands of users are imported, but soon
// after (strengthen.go). Either way to verify one takes the same time, so that none
// tells that such a user exists:
//
//	$rabbit-sha256$<salt in base64>$argon2id$...
//	$rabbit-sha256$<salt in base64>$<digest in base64>
const (
	rabbitSHA256 = "$rabbit-sha256$"
	rabbitSHA512 = "$rabbit-sha512$"
	rabbitSalt   = 4 // bytes
)

// rabbitHashing are what RabbitMQ calls them.
var rabbitHashing = map[string]string{rabbitSHA256: "rabbit_password_hashing_sha256", rabbitSHA512: "rabbit_password_hashing_sha512"}

// A rabbitHash is a kept hash that began as one of RabbitMQ's.
type rabbitHash struct {
	kind   string // rabbitSHA256 or rabbitSHA512
	salt   []byte
	digest []byte // as RabbitMQ has it; nil: it was hashed again
	under  string // then: the hash of the digest
}

func parseRabbitHash(kept string) (h rabbitHash, ok bool) {
	for _, h.kind = range []string{rabbitSHA256, rabbitSHA512} {
		rest, is := strings.CutPrefix(kept, h.kind)
		if !is {
			continue
		}
		salt, rest, _ := strings.Cut(rest, "$")
		var err error
		if h.salt, err = base64.RawStdEncoding.DecodeString(salt); err != nil || len(h.salt) != rabbitSalt {
			return h, false
		}
		if h.under = "$" + rest; !strings.Contains(rest, "$") {
			h.digest, err = base64.RawStdEncoding.DecodeString(rest)
		}
		return h, err == nil && (h.digest == nil || len(h.digest) == len(h.of(nil)))
	}
	return h, false
}

// of is the digest of a password.
func (h *rabbitHash) of(password []byte) []byte {
	salted := append(slices.Clip(h.salt), password...)
	if h.kind == rabbitSHA512 {
		digest := sha512.Sum512(salted)
		return digest[:]
	}
	digest := sha256.Sum256(salted)
	return digest[:]
}

func (h *rabbitHash) salted() string { return h.kind + base64.RawStdEncoding.EncodeToString(h.salt) }

// kept is it as a digest that is not hashed again.
func (h *rabbitHash) kept() string {
	return h.salted() + "$" + base64.RawStdEncoding.EncodeToString(h.digest)
}

// verify takes as long for a digest as for one that was hashed again. An empty
// password is none, as in RabbitMQ, which may keep the hash of one.
func (h *rabbitHash) verify(password []byte) bool {
	digest := h.of(password)
	if h.digest == nil {
		return verifyPassword(h.under, digest) && len(password) > 0
	}
	_ = hashPassword(digest, make([]byte, newSalt))
	return subtle.ConstantTimeCompare(digest, h.digest) == 1 && len(password) > 0
}

// strengthened is a hash that was hashed again; false: there is nothing to do.
func strengthened(kept string) (string, bool) {
	h, ok := parseRabbitHash(kept)
	if !ok || h.digest == nil {
		return "", false
	}
	again, err := newHash(h.digest)
	return h.salted() + again, err == nil
}

const newSalt = 16 // bytes

// newHash is hashPassword with a new salt.
func newHash(password []byte) (string, error) {
	if len(password) > maxPassword {
		return "", fmt.Errorf("the password is longer than %d bytes", maxPassword)
	}
	salt := make([]byte, newSalt)
	rand.Read(salt) // never fails
	return hashPassword(password, salt), nil
}

// ownHashing is the hashing_algorithm of a password_hash that is what is kept
// here, in base64: an export has it, and an import takes it back. A RabbitMQ that
// imports it keeps the user, and lets nobody log in as it.
const ownHashing = "slipway_argon2id"

// exportHash is what is kept as a password_hash: in RabbitMQ's own form while it is that.
func exportHash(kept string) (algorithm, text string) {
	if h, ok := parseRabbitHash(kept); ok && h.digest != nil {
		return rabbitHashing[h.kind], base64.StdEncoding.EncodeToString(append(h.salt, h.digest...))
	}
	return ownHashing, base64.StdEncoding.EncodeToString([]byte(kept))
}

// importHash keeps what RabbitMQ calls a password_hash: salt and digest, in
// base64; or what exportHash made. before is what was kept, and is again if it is
// of the same.
func importHash(algorithm, text, before string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("the password hash is not base64")
	}
	h := rabbitHash{kind: rabbitSHA256}
	switch algorithm {
	case ownHashing:
		return ownHash(string(raw))
	case "", rabbitHashing[rabbitSHA256]:
	case rabbitHashing[rabbitSHA512]:
		h.kind = rabbitSHA512
	default:
		return "", fmt.Errorf("passwords hashed by %.64q cannot be verified; only rabbit_password_hashing_sha256, _sha512 and slipway_argon2id can", algorithm)
	}
	if want := rabbitSalt + len(h.of(nil)); len(raw) != want {
		return "", fmt.Errorf("the password hash has %d bytes, not %d", len(raw), want)
	}
	h.salt, h.digest = raw[:rabbitSalt:rabbitSalt], raw[rabbitSalt:]
	if hash, ok := strings.CutPrefix(before, h.salted()+"$argon2id$"); ok && verifyPassword("$argon2id$"+hash, h.digest) {
		return before, nil
	}
	return h.kept(), nil
}

// ownHash is what exportHash was given, if it can be that.
func ownHash(kept string) (string, error) {
	under := kept
	if strings.HasPrefix(kept, rabbitSHA256) || strings.HasPrefix(kept, rabbitSHA512) {
		h, ok := parseRabbitHash(kept)
		if !ok {
			return "", fmt.Errorf("the password hash is not of a salt of %d bytes and a digest", rabbitSalt)
		}
		under = h.under
	}
	if err := config.CheckPasswordHash(under); err != nil {
		return "", fmt.Errorf("the password hash is not of %s: %w", ownHashing, err)
	}
	return kept, nil
}
