package core_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

func scramAccess(t testing.TB) *core.Access {
	t.Helper()
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	salted, err := pbkdf2.Key(sha256.New, "pencil", salt, 4096, sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	v := core.NewSCRAMVerifier(salted, salt, 4096)
	a, err := core.NewAccess([]core.AccessUser{{Name: "user", SCRAM: &v}, {Name: "other", PasswordHash: "x"}},
		func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The exchange of RFC 7677, section 3.
func TestSCRAMOfTheRFC(t *testing.T) {
	l := scramAccess(t).NewSCRAMLogin("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
	challenge, err := l.First([]byte("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
	if err != nil || string(challenge) != "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096" {
		t.Fatalf("%s, %v", challenge, err)
	}
	proof := []byte("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
	answer, who, err := l.Final(proof)
	if err != nil || string(answer) != "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" || who.Name != "user" {
		t.Fatalf("%s, %+v, %v", answer, who, err)
	}
	if _, _, err := l.Final(proof); core.KindOf(err) != core.Denied {
		t.Error("a proof counted twice")
	}
}

// A user name counts as SASLprep has it (RFC 4013): the examples of its section 3.
func TestSCRAMPreparesNames(t *testing.T) {
	a := scramAccess(t)
	salt := func(name string) string {
		challenge, err := a.NewSCRAMLogin("n").First([]byte("n,,n=" + name + ",r=12345678"))
		if err != nil {
			return err.Error()
		}
		_, rest, _ := strings.Cut(string(challenge), ",s=")
		return rest
	}
	for _, same := range []string{"us\u00ader", "\uff55ser"} { // a soft hyphen; a full-width u
		if salt(same) != salt("user") {
			t.Errorf("%q is another than user", same)
		}
	}
	if salt("USER") == salt("user") {
		t.Error("case was folded")
	}
	for _, bad := range []string{"us\u0007er", "\u0627\u0031"} {
		if _, err := a.NewSCRAMLogin("n").First([]byte("n,,n=" + bad + ",r=12345678")); core.KindOf(err) != core.Denied {
			t.Errorf("%q: %v", bad, err)
		}
	}
	v := core.SCRAMVerifier{Iterations: 4096, Salt: []byte("12345678")}
	v.StoredKey[0] = 1
	_, err := core.NewAccess([]core.AccessUser{{Name: "a", SCRAM: &v}, {Name: "\u00ada", SCRAM: &v}}, nil, make([]byte, 32))
	if core.KindOf(err) != core.Invalid {
		t.Errorf("two users of one name: %v", err)
	}
}

func TestSCRAMRefuses(t *testing.T) {
	a := scramAccess(t)
	for _, first := range []string{
		"", "n", "n,,", "p=tls-unique,,n=user,r=12345678", "n,a=root,n=user,r=12345678", "x,,n=user,r=12345678", "n,,n=user", "n,,n=,r=12345678",
		"n,,n=user,r=short", "n,,n=us=er,r=12345678", "n,,m=x,n=user,r=12345678", "n,,n=\xff,r=12345678", "n,,n=" + strings.Repeat("a", 5000) + ",r=12345678",
	} {
		if _, err := a.NewSCRAMLogin("n").First([]byte(first)); core.KindOf(err) != core.Denied || err == nil {
			t.Errorf("%.40q: %v", first, err)
		}
	}
	proof := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, final := range []string{
		"", ",p=", "c=biws,r=12345678n", "c=biws,r=12345678n,p=" + proof, "c=eSws,r=12345678n,p=" + proof, "c=biws,r=12345678,p=" + proof,
		"c=biws,r=12345678n,p=short", "c=biws,p=" + proof,
	} {
		for _, name := range []string{"user", "nobody", "other"} {
			l := a.NewSCRAMLogin("n")
			if challenge, err := l.First([]byte("n,,n=" + name + ",r=12345678")); err != nil || !strings.HasSuffix(string(challenge), ",i=4096") {
				t.Fatalf("%s: %s, %v", name, challenge, err)
			}
			if _, who, err := l.Final([]byte(final)); err == nil || core.KindOf(err) != core.Denied || who != nil {
				t.Errorf("%s %q: %v", name, final, err)
			}
		}
	}
	if _, _, err := a.NewSCRAMLogin("n").Final([]byte("c=biws,r=12345678n,p=" + proof)); err == nil {
		t.Error("a proof without a challenge")
	}
}
