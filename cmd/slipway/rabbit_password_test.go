package main

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"
)

// Hashes that a RabbitMQ 3.10 made.
func TestRabbitPasswords(t *testing.T) {
	for _, x := range []struct{ algorithm, hash, password string }{
		{"", "uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA", "p1"},
		{"rabbit_password_hashing_sha256", "wM9Y9bp/MROuWmc+8L6siqB8DtqdlBYN7KTjhkXskrSfUSQJ", "p2"},
		{"rabbit_password_hashing_sha256", "woW0pye3ceXG5vK9DexwDcWfoJwPUw5mv6xuyRf5vgJymZ/F", "guest"},
	} {
		hash, err := importHash(x.algorithm, x.hash, "")
		if err != nil {
			t.Fatal(err)
		}
		if !verifyPassword(hash, []byte(x.password)) {
			t.Errorf("%s is not the password of %s", x.password, hash)
		}
		if verifyPassword(hash, []byte(x.password+"x")) || verifyPassword(hash, nil) || verifyPassword(hash, []byte(x.hash)) {
			t.Errorf("%s: another password", hash)
		}
	}
	for _, x := range [][2]string{
		{"rabbit_password_hashing_md5", "kI3GCqW5JLMJa4iX1lo7X4D6XbY="}, {"", "!!!"}, {"", "AAAA"}, {"", ""},
		{"rabbit_password_hashing_sha512", "uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA"},
	} {
		if hash, err := importHash(x[0], x[1], ""); err == nil {
			t.Errorf("%v is kept as %s", x, hash)
		}
	}
}

// The same definitions again change nothing: another hash would end connections.
func TestRabbitPasswordsAgain(t *testing.T) {
	const p1, p2 = "uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA", "wM9Y9bp/MROuWmc+8L6siqB8DtqdlBYN7KTjhkXskrSfUSQJ"
	kept, err := importHash("", p1, "")
	if err != nil {
		t.Fatal(err)
	}
	for hash, same := range map[string]bool{p1: true, p2: false} {
		got, err := importHash("", hash, kept)
		if err != nil || (got == kept) != same {
			t.Errorf("%s after %s: %s, %v", hash, kept, got, err)
		}
	}
	// A hash that is kept is not one of RabbitMQ, and no proof of one.
	plain, err := newHash([]byte("p1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := importHash("", p1, plain); err != nil || got == plain || !verifyPassword(got, []byte("p1")) {
		t.Errorf("%s, %v", got, err)
	}
}

// RabbitMQ lets nobody log in with an empty password, though it may keep a hash of one.
func TestRabbitPasswordOfNothing(t *testing.T) {
	salted := []byte("salt")
	digest := sha256.Sum256(salted)
	hash, err := importHash("", base64.StdEncoding.EncodeToString(append(salted, digest[:]...)), "")
	if err != nil {
		t.Fatal(err)
	}
	if verifyPassword(hash, nil) || verifyPassword(hash, []byte{}) {
		t.Error("an empty password is let in")
	}
}
