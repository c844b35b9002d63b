package core

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// SCRAM-SHA-256 (RFC 5802, RFC 7677): a login that shows no password to anybody
// who listens, and of which we keep nothing that logs in elsewhere. It is here
// because every door whose protocol has challenges can offer it.
//
//	SCRAM-SHA-256                                      yes
//	channel binding (-PLUS), an authorization identity no: refused
//	SASLprep (RFC 4013) of user names                  yes; of passwords where a verifier is made

// A SCRAMVerifier is what is stored of a password.
type SCRAMVerifier struct {
	Iterations           int
	Salt                 []byte
	StoredKey, ServerKey [sha256.Size]byte
}

// NewSCRAMVerifier takes the keys from a password once it is salted (PBKDF2
// with HMAC-SHA-256).
func NewSCRAMVerifier(salted, salt []byte, iterations int) SCRAMVerifier {
	return SCRAMVerifier{
		Iterations: iterations, Salt: salt,
		StoredKey: sha256.Sum256(hmacOf(salted, "Client Key")), ServerKey: [sha256.Size]byte(hmacOf(salted, "Server Key")),
	}
}

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// HasSCRAM says that some user can log in by SCRAM-SHA-256.
func (a *Access) HasSCRAM() bool { return a.current.Load().scramLike != nil }

// A SCRAMLogin is one exchange. For one goroutine.
type SCRAMLogin struct {
	a        *Access
	nonce    string // ours
	user     *accessUser
	verifier SCRAMVerifier
	gs2      string // how the client began, for the channel binding that it sends later
	asked    string // client-first-message-bare and server-first-message
	full     string // both nonces
}

// maxSCRAM bounds the messages of a client.
const maxSCRAM = 4096

// NewSCRAMLogin begins an exchange; nonce is random, printable and used once.
func (a *Access) NewSCRAMLogin(nonce string) *SCRAMLogin { return &SCRAMLogin{a: a, nonce: nonce} }

// First takes the client's first message and returns the challenge. A user that
// does not exist is challenged too, and fails at the end. (The salt that is made
// up for him changes with each start of the process, which tells a patient
// observer.)
func (l *SCRAMLogin) First(msg []byte) ([]byte, error) {
	text := string(msg)
	if len(text) > maxSCRAM || !utf8.ValidString(text) {
		return nil, errSCRAM("it is too long or not UTF-8")
	}
	parts := strings.SplitN(text, ",", 3)
	switch {
	case len(parts) < 3 || parts[0] != "n" && parts[0] != "y" && !strings.HasPrefix(parts[0], "p="):
		return nil, errSCRAM("it does not begin with n,, or y,,")
	case parts[0][0] == 'p':
		return nil, errSCRAM("channel binding is not supported")
	case parts[1] != "":
		return nil, errSCRAM("an authorization identity is not supported")
	}
	bare := parts[2]
	fields := strings.Split(bare, ",")
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "n=") || !strings.HasPrefix(fields[1], "r=") || len(fields[1]) < 10 {
		return nil, errSCRAM("no user name, or no nonce of 8 characters")
	}
	l.gs2 = parts[0] + ",,"
	name, ok := scramName(fields[0][2:])
	name, err := stringprep.SASLprep.Prepare(name)
	if !ok || err != nil || name == "" {
		return nil, errSCRAM("the user name is not encoded as it should be")
	}
	l.user, l.verifier = l.a.scramOf(name)
	l.full = fields[1][2:] + l.nonce
	challenge := "r=" + l.full + ",s=" + base64.StdEncoding.EncodeToString(l.verifier.Salt) + ",i=" + strconv.Itoa(l.verifier.Iterations)
	l.asked = bare + "," + challenge
	return []byte(challenge), nil
}

// scramName decodes =2C and =3D.
func scramName(s string) (string, bool) {
	rest := strings.ReplaceAll(strings.ReplaceAll(s, "=2C", ""), "=3D", "")
	name := strings.ReplaceAll(strings.ReplaceAll(s, "=2C", ","), "=3D", "=")
	return name, name != "" && !strings.Contains(rest, "=")
}

func (a *Access) scramOf(name string) (*accessUser, SCRAMVerifier) {
	all := a.current.Load()
	if u := all.scramNames[name]; u != nil {
		return u, *u.scram
	}
	made := SCRAMVerifier{Iterations: 4096}
	if all.scramLike != nil {
		made.Iterations = all.scramLike.Iterations
	}
	proof := a.prove(name, []byte("salt"))
	made.Salt = proof[:16]
	return nil, made
}

// Final takes the client's proof. It returns the proof that we know the user
// too, and who it is; else an error: Denied.
func (l *SCRAMLogin) Final(msg []byte) ([]byte, *Principal, error) {
	text := string(msg)
	cut := strings.LastIndex(text, ",p=")
	if l.asked == "" || len(text) > maxSCRAM || cut < 0 {
		return nil, nil, errSCRAM("there is no proof")
	}
	proof, err := base64.StdEncoding.Strict().DecodeString(text[cut+3:])
	fields := strings.Split(text[:cut], ",")
	if err != nil || len(proof) != sha256.Size || len(fields) < 2 {
		return nil, nil, errSCRAM("the proof is not one")
	}
	if fields[0] != "c="+base64.StdEncoding.EncodeToString([]byte(l.gs2)) || fields[1] != "r="+l.full {
		return nil, nil, errSCRAM("it answers another challenge")
	}
	signed := l.asked + "," + text[:cut]
	key := make([]byte, sha256.Size)
	subtle.XORBytes(key, proof, hmacOf(l.verifier.StoredKey[:], signed))
	got := sha256.Sum256(key)
	l.asked = "" // a challenge is answered once
	if !hmac.Equal(got[:], l.verifier.StoredKey[:]) || l.user == nil {
		return nil, nil, errDenied()
	}
	sig := hmacOf(l.verifier.ServerKey[:], signed)
	return []byte("v=" + base64.StdEncoding.EncodeToString(sig)), l.user.principal, nil
}

func errSCRAM(why string) error { return errf(Denied, "SCRAM: %s", why) }

// check refuses a verifier that no password has.
func (v *SCRAMVerifier) check() error {
	if v.Iterations < 1 || len(v.Salt) == 0 || bytes.Equal(v.StoredKey[:], make([]byte, sha256.Size)) {
		return errf(Invalid, "an incomplete SCRAM verifier")
	}
	return nil
}
