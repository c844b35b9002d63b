package main

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/subtle"

	"golang.org/x/crypto/argon2"

	"github.com/slipwaymq/slipway/config"
)

// verifyMosquitto reports whether a hash of mosquitto_passwd is of password. Those
// are made fast, a hundred rounds or one, and would tell by their speed that such a
// user exists: so what a hash of ours costs is spent beside it.
func verifyMosquitto(m config.MosquittoHash, password []byte) bool {
	got := mosquittoDigest(m, password)
	argon2.IDKey(password, m.Salt, argonTime, argonMemory, argonThreads, argonLength)
	return len(password) > 0 && subtle.ConstantTimeCompare(got, m.Hash) == 1
}

func mosquittoDigest(m config.MosquittoHash, password []byte) []byte {
	if m.Iterations == 0 {
		digest := sha512.Sum512(append(append([]byte{}, password...), m.Salt...))
		return digest[:]
	}
	digest, err := pbkdf2.Key(sha512.New, string(password), m.Salt, m.Iterations, sha512.Size)
	if err != nil { // a salt that FIPS 140 finds too short, where that is asked for
		return nil
	}
	return digest
}
