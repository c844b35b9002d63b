package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxMosquittoIterations bounds what a login costs: about half a second.
const maxMosquittoIterations = 1_000_000

// MosquittoHash is what mosquitto_passwd writes behind the name.
type MosquittoHash struct {
	Iterations int // of PBKDF2 with SHA-512; 0: SHA-512 of password and salt, once
	Salt       []byte
	Hash       []byte // 64 bytes
}

// isMosquitto says whether a hash is meant to be one of Mosquitto's.
func isMosquitto(hash string) bool {
	return strings.HasPrefix(hash, "$7$") || strings.HasPrefix(hash, "$6$")
}

// ParseMosquitto reads $7$<iterations>$<salt>$<hash> and the older $6$<salt>$<hash>,
// with salt and hash in base64. What crypt(3) calls $6$ is something else.
func ParseMosquitto(text string) (MosquittoHash, error) {
	var m MosquittoHash
	parts := strings.Split(text, "$")
	if len(text) > 512 || len(parts) < 4 || parts[0] != "" {
		return m, errMosquitto
	}
	kind, parts := parts[1], parts[2:]
	if kind == "7" {
		n, err := strconv.Atoi(parts[0])
		if err != nil || n < 1 || n > maxMosquittoIterations {
			return m, fmt.Errorf("the iterations of this Mosquitto hash are not between 1 and %d", maxMosquittoIterations)
		}
		m.Iterations, parts = n, parts[1:]
	}
	if len(parts) != 2 {
		return m, errMosquitto
	}
	var errS, errH error
	m.Salt, errS = base64.StdEncoding.Strict().DecodeString(parts[0])
	m.Hash, errH = base64.StdEncoding.Strict().DecodeString(parts[1])
	if errS != nil || errH != nil || len(m.Salt) == 0 || len(m.Hash) != 64 {
		return m, errMosquitto
	}
	return m, nil
}

var errMosquitto = errors.New("not what mosquitto_passwd writes behind the name: $7$iterations$salt$hash or $6$salt$hash")
