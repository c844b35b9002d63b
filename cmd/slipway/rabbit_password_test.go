package main

import (
	"testing"
)

// Hashes that a RabbitMQ 3.10 made.
func TestRabbitPasswords(t *testing.T) {
	for _, x := range []struct{ algorithm, hash, password string }{
		{"", "uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA", "p1"},
		{"rabbit_password_hashing_sha256", "wM9Y9bp/MROuWmc+8L6siqB8DtqdlBYN7KTjhkXskrSfUSQJ", "p2"},
		{"rabbit_password_hashing_sha256", "woW0pye3ceXG5vK9DexwDcWfoJwPUw5mv6xuyRf5vgJymZ/F", "guest"},
	} {
		hash, err := importHash(x.algorithm, x.hash)
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
		if hash, err := importHash(x[0], x[1]); err == nil {
			t.Errorf("%v is kept as %s", x, hash)
		}
	}
}
