package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// Hashes that a RabbitMQ 3.10 made.
func TestRabbitPasswords(t *testing.T) {
	for _, x := range []struct{ algorithm, hash, password string }{
		{"", "uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA", "p1"},
		{"rabbit_password_hashing_sha256", "wM9Y9bp/MROuWmc+8L6siqB8DtqdlBYN7KTjhkXskrSfUSQJ", "p2"},
		{"rabbit_password_hashing_sha256", "woW0pye3ceXG5vK9DexwDcWfoJwPUw5mv6xuyRf5vgJymZ/F", "guest"},
		{"rabbit_password_hashing_sha512", "abf8Tos1mQn4B1jl2FH39wgBW4nFJD6F7l489NE6z/qFiKlBev6s7h6LpC9e+y7IGmZT20RyEoZA1KRJybM7PyyWQ50=", "p1"},
		{"rabbit_password_hashing_sha512", "M+SxhPagPwbq4rPTKF4aHncQsbxYcbUmdN6DIvz08oUMVKk5u2FE/7Qr6nilkqE4tm4itys+wHMO5oR80d91cWyuGkE=", "pässword"},
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

// What an export of ours has is kept as it is, and nothing that cannot be one.
func TestOwnPasswords(t *testing.T) {
	plain, err := newHash([]byte("p"))
	if err != nil {
		t.Fatal(err)
	}
	imported, err := importHash("", "uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{plain, imported} {
		algorithm, text := exportHash(kept)
		if got, err := importHash(algorithm, text, ""); got != kept || err != nil {
			t.Errorf("%s comes back as %s, %v", kept, got, err)
		}
	}
	for _, bad := range []string{
		"", "plain text", "$argon2id$", rabbitSHA256 + "!!" + plain, rabbitSHA512 + "AAAAAA" + imported, rabbitSHA256 + plain,
		rabbitSHA256 + strings.Repeat("AAAA", 1<<18) + plain, // which each login would digest
		strings.Replace(plain, "m=19456", "m=999999999", 1), strings.Replace(plain, "t=2", "t=99999", 1),
	} {
		if got, err := importHash(ownHashing, base64.StdEncoding.EncodeToString([]byte(bad)), ""); err == nil {
			t.Errorf("%.100q is kept as %.100q", bad, got)
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

// A hash of an import is kept as it came, goes out again as RabbitMQ's, and becomes
// one that is hard to guess against, of the same password.
func TestRabbitPasswordsBecomeStrong(t *testing.T) {
	for _, x := range []struct{ algorithm, hash, password string }{
		{"rabbit_password_hashing_sha256", "wM9Y9bp/MROuWmc+8L6siqB8DtqdlBYN7KTjhkXskrSfUSQJ", "p2"},
		{"rabbit_password_hashing_sha512", "abf8Tos1mQn4B1jl2FH39wgBW4nFJD6F7l489NE6z/qFiKlBev6s7h6LpC9e+y7IGmZT20RyEoZA1KRJybM7PyyWQ50=", "p1"},
	} {
		kept, err := importHash(x.algorithm, x.hash, "")
		if err != nil {
			t.Fatal(err)
		}
		if algorithm, hash := exportHash(kept); algorithm != x.algorithm || hash != x.hash {
			t.Errorf("%s comes back as %s %s", x.hash, algorithm, hash)
		}
		strong, ok := strengthened(kept)
		if !ok || !strings.Contains(strong, "$argon2id$") || strings.Contains(strong, kept[strings.LastIndex(kept, "$"):]) {
			t.Fatalf("%s becomes %s", kept, strong)
		}
		if !verifyPassword(strong, []byte(x.password)) || verifyPassword(strong, []byte("x")) || verifyPassword(strong, nil) {
			t.Errorf("%s is of another password", strong)
		}
		if again, ok := strengthened(strong); ok {
			t.Errorf("%s becomes %s", strong, again)
		}
		if got, err := importHash(x.algorithm, x.hash, strong); got != strong || err != nil {
			t.Errorf("the same hash again: %s, %v", got, err)
		}
	}
}

// What a start finds, and what is imported then, becomes strong; nobody is cut off.
func TestStrengthener(t *testing.T) {
	b, err := core.New(memstore.New(memstore.Options{}), core.Options{Clock: newClock(), Rand: chance()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	access, err := core.NewAccess(nil, verifyPassword, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	if err := access.Keep(b, func(names []string) { t.Errorf("%q are ended", names) }); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 9)
	s := newStrengthener(access, slog.New(slog.NewTextHandler(writes(said), nil)))
	put := func(names ...string) {
		t.Helper()
		for _, name := range names {
			kept, err := importHash("", "uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA", "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := access.ChangeAccount(name, func(acc *core.Account, _ bool) error { acc.PasswordHash = kept; return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	strong := func() (n int) {
		for _, acc := range access.Accounts() {
			if strings.Contains(acc.PasswordHash, "$argon2id$") {
				n++
			}
		}
		return n
	}
	put("a", "b", "c")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.run(ctx); close(done) }()
	if line := <-said; !strings.Contains(line, "users=3") || strong() != 3 {
		t.Errorf("%d: %s", strong(), line)
	}
	put("d")
	s.imported()
	if line := <-said; !strings.Contains(line, "users=1") || strong() != 4 {
		t.Errorf("%d: %s", strong(), line)
	}
	stop()
	<-done
	if _, err := access.Authenticate(t.Context(), "", "d", []byte("p1")); err != nil {
		t.Error(err)
	}
}

// writes is a log's lines.
type writes chan string

func (w writes) Write(b []byte) (int, error) { w <- string(b); return len(b), nil }
