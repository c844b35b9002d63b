package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/slipwaymq/slipway/config"
)

// What RabbitMQ keeps of a password is four bytes of salt and one round of a hash
// over salt and password, which is fast to guess against and tells by its speed
// that such a user exists. So that digest is hashed again, as a password is:
//
//	$rabbit-sha256$<salt in base64>$argon2id$...
const (
	rabbitSHA256 = "$rabbit-sha256$"
	rabbitSHA512 = "$rabbit-sha512$"
	rabbitSalt   = 4 // bytes
)

// newHash is hashPassword with a new salt.
func newHash(password []byte) (string, error) {
	if len(password) > maxPassword {
		return "", fmt.Errorf("the password is longer than %d bytes", maxPassword)
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	return hashPassword(password, salt), nil
}

// ownHashing is the hashing_algorithm of a password_hash that is what is kept
// here, in base64: an export has it, and an import takes it back. A RabbitMQ that
// imports it keeps the user, and lets nobody log in as it.
const ownHashing = "slipway_argon2id"

// exportHash is what is kept as a password_hash.
func exportHash(kept string) (algorithm, text string) {
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
	if algorithm == ownHashing {
		return ownHash(string(raw))
	}
	prefix, length := rabbitSHA256, sha256.Size
	switch algorithm {
	case "", "rabbit_password_hashing_sha256":
	case "rabbit_password_hashing_sha512":
		prefix, length = rabbitSHA512, sha512.Size
	default:
		return "", fmt.Errorf("passwords hashed by %.64q cannot be verified; only rabbit_password_hashing_sha256, _sha512 and slipway_argon2id can", algorithm)
	}
	if len(raw) != rabbitSalt+length {
		return "", fmt.Errorf("the password hash has %d bytes, not %d", len(raw), rabbitSalt+length)
	}
	salted := prefix + base64.RawStdEncoding.EncodeToString(raw[:rabbitSalt])
	if hash, ok := strings.CutPrefix(before, salted); ok && verifyPassword(hash, raw[rabbitSalt:]) {
		return before, nil
	}
	hash, err := newHash(raw[rabbitSalt:])
	return salted + hash, err
}

// ownHash is what exportHash was given, if it can be that.
func ownHash(kept string) (string, error) {
	under := kept
	for _, prefix := range []string{rabbitSHA256, rabbitSHA512} {
		rest, ok := strings.CutPrefix(kept, prefix)
		if !ok {
			continue
		}
		text, _, _ := strings.Cut(rest, "$")
		if salt, err := base64.RawStdEncoding.DecodeString(text); err != nil || len(salt) != rabbitSalt {
			return "", fmt.Errorf("the salt of the password hash is not %d bytes in base64", rabbitSalt)
		}
		under = rest[len(text):]
	}
	if err := config.CheckPasswordHash(under); err != nil {
		return "", fmt.Errorf("the password hash is not of %s: %w", ownHashing, err)
	}
	return kept, nil
}

// unwrap is the hash that argon2id made of a RabbitMQ digest, and that digest of
// the password; both as they are of any other hash. An empty password is none,
// as in RabbitMQ, which may keep the hash of one: it is not digested, so that it
// takes its time and is wrong.
func unwrap(hash string, password []byte) (string, []byte) {
	for _, prefix := range []string{rabbitSHA256, rabbitSHA512} {
		rest, ok := strings.CutPrefix(hash, prefix)
		if !ok {
			continue
		}
		text, under, _ := strings.Cut(rest, "$")
		if len(password) == 0 {
			return "$" + under, nil
		}
		salt, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return "", nil
		}
		salted := append(salt, password...)
		if prefix == rabbitSHA512 {
			digest := sha512.Sum512(salted)
			return "$" + under, digest[:]
		}
		digest := sha256.Sum256(salted)
		return "$" + under, digest[:]
	}
	return hash, password
}
