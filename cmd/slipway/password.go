package main

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/xdg-go/stringprep"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
)

// Costs of the hashes made here: OWASP's least memory for argon2id, since a
// broker sees many logins at once.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonLength  = 32 // bytes
)

// hashPassword returns the argon2id PHC string of password.
func hashPassword(password, salt []byte) string {
	b64 := base64.RawStdEncoding
	hash := argon2.IDKey(password, salt, argonTime, argonMemory, argonThreads, argonLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(hash))
}

// scramIterations is what RFC 7677 asks for at least; the client pays them.
const scramIterations = 4096

// scramVerifier is what SCRAM-SHA-256 verifies a password by.
func scramVerifier(password string, salt []byte) (config.SCRAM, error) {
	// RFC 5802, section 2.2. What SASLprep prohibits is taken as it is, as
	// PostgreSQL does: clients differ there.
	if prepared, err := stringprep.SASLprep.Prepare(password); err == nil && prepared != "" {
		password = prepared
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return config.SCRAM{}, err
	}
	v := core.NewSCRAMVerifier(salted, salt, scramIterations)
	return config.SCRAM{Iterations: v.Iterations, Salt: v.Salt, StoredKey: v.StoredKey, ServerKey: v.ServerKey}, nil
}

// verifyPassword reports whether hash, one that config takes, is of password. A
// hash whose cost is out of the bounds of config is of no password. How many
// run at once core.Access bounds.
func verifyPassword(hash string, password []byte) bool {
	if len(password) > maxPassword {
		return false
	}
	if h, ok := parseRabbitHash(hash); ok {
		return h.verify(password)
	}
	if config.CheckPasswordHash(hash) != nil {
		return false
	}
	if m, err := config.ParseMosquitto(hash); err == nil {
		return verifyMosquitto(m, password)
	}
	if !strings.HasPrefix(hash, "$argon2id$") {
		return bcrypt.CompareHashAndPassword([]byte(hash), password) == nil
	}
	a, err := config.ParseArgon2id(hash)
	if err != nil {
		return false
	}
	got := argon2.IDKey(password, a.Salt, a.Time, a.Memory, a.Threads, uint32(len(a.Hash)))
	return subtle.ConstantTimeCompare(got, a.Hash) == 1
}
