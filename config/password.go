package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Bounds of a password hash. Whoever may write the configuration may not make
// a login cost more than this.
const (
	maxArgonMemory  = 128 << 10 // KiB
	maxArgonTime    = 16
	maxArgonThreads = 16
	maxBcryptCost   = 14
)

var bcryptForm = regexp.MustCompile(`^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}$`)

// CheckPasswordHash says whether hash has one of the forms that can be verified,
// argon2id as a PHC string, bcrypt, and Mosquitto's, with parameters of a bounded
// cost. Its error never shows the hash.
func CheckPasswordHash(hash string) error {
	switch {
	case strings.HasPrefix(hash, "$argon2id$"):
		_, err := ParseArgon2id(hash)
		return err
	case bcryptForm.MatchString(hash):
		cost, _ := strconv.Atoi(bcryptForm.FindStringSubmatch(hash)[1])
		if cost < 4 || cost > maxBcryptCost {
			return fmt.Errorf("the cost of this bcrypt hash is not between 4 and %d", maxBcryptCost)
		}
		return nil
	case isMosquitto(hash):
		_, err := ParseMosquitto(hash)
		return err
	case strings.HasPrefix(hash, "$argon2"):
		return errors.New("of the argon2 family only argon2id is taken")
	}
	return errors.New("this is no argon2id, bcrypt or Mosquitto hash: `slipway hash-password` makes one from a password")
}

// Argon2id is the content of an argon2id PHC string.
type Argon2id struct {
	Memory  uint32 // KiB
	Time    uint32
	Threads uint8
	Salt    []byte
	Hash    []byte
}

// ParseArgon2id reads $argon2id$v=19$m=<KiB>,t=<passes>,p=<threads>$<salt>$<hash>,
// the last two in base64 without padding.
func ParseArgon2id(phc string) (Argon2id, error) {
	var a Argon2id
	parts := strings.Split(phc, "$")
	if len(phc) > 256 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return a, errors.New("not of the form $argon2id$v=19$m=...,t=...,p=...$salt$hash")
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return a, errors.New("the argon2id parameters are not m, t and p")
	}
	m, errM := argonCost(costs[0], "m=", 8, maxArgonMemory)
	t, errT := argonCost(costs[1], "t=", 1, maxArgonTime)
	p, errP := argonCost(costs[2], "p=", 1, maxArgonThreads)
	salt, errS := argonBytes(parts[4], "salt", 8, 64)
	hash, errH := argonBytes(parts[5], "hash", 16, 64)
	if err := errors.Join(errM, errT, errP, errS, errH); err != nil {
		return a, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return Argon2id{Memory: m, Time: t, Threads: uint8(p), Salt: salt, Hash: hash}, nil
}

func argonCost(text, name string, least, most uint64) (uint32, error) {
	digits, ok := strings.CutPrefix(text, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || n < least || n > most {
		return 0, fmt.Errorf("the argon2id parameter %s is not between %d and %d", name[:1], least, most)
	}
	return uint32(n), nil
}

func argonBytes(text, name string, least, most int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < least || len(b) > most {
		return nil, fmt.Errorf("the argon2id %s is not %d to %d bytes in base64 without padding", name, least, most)
	}
	return b, nil
}
