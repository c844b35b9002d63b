package mqtt

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// scramUsers are ann and bob, whose passwords are their names.
func scramUsers(t testing.TB) *core.Access {
	t.Helper()
	all, err := match.ParseMQTT("#")
	if err != nil {
		t.Fatal(err)
	}
	var users []core.AccessUser
	for _, name := range []string{"ann", "bob"} {
		salt := []byte("salt of " + name)
		salted, err := pbkdf2.Key(sha256.New, name, salt, 4096, sha256.Size)
		if err != nil {
			t.Fatal(err)
		}
		v := core.NewSCRAMVerifier(salted, salt, 4096)
		users = append(users, core.AccessUser{
			Name: name, SCRAM: &v, Grants: []core.Grant{{Actions: core.Read | core.Write, Topics: []match.Filter{all}}},
		})
	}
	a, err := core.NewAccess(users, func(string, []byte) bool { return false }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// scramClient is the client's side.
type scramClient struct{ user, password, bare, server string }

func (s *scramClient) first() string {
	s.bare = "n=" + s.user + ",r=abcdefghijkl"
	return hex.EncodeToString([]byte("n,," + s.bare))
}

// final answers the challenge in an AUTH.
func (s *scramClient) final(t *testing.T, auth string) string {
	t.Helper()
	text, ok := strings.CutPrefix(auth, "auth code=18 p.method=SCRAM-SHA-256 p.data=")
	raw, err := hex.DecodeString(text)
	if !ok || err != nil {
		t.Fatalf("no challenge: %s", auth)
	}
	f := strings.SplitN(string(raw), ",", 3)
	salt, err := base64.StdEncoding.DecodeString(f[1][2:])
	if err != nil || f[2] != "i=4096" {
		t.Fatalf("%s: %v", raw, err)
	}
	salted, err := pbkdf2.Key(sha256.New, s.password, salt, 4096, sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(key []byte, text string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	without := "c=biws," + f[0]
	signed := s.bare + "," + string(raw) + "," + without
	key := sign(salted, "Client Key")
	stored := sha256.Sum256(key)
	proof := make([]byte, len(key))
	subtle.XORBytes(proof, key, sign(stored[:], signed))
	s.server = hex.EncodeToString([]byte("v=" + base64.StdEncoding.EncodeToString(sign(sign(salted, "Server Key"), signed))))
	return hex.EncodeToString([]byte(without + ",p=" + base64.StdEncoding.EncodeToString(proof)))
}

func scramWorld(t *testing.T) *world {
	return newWorld(t, func(w *world) { w.cfg.Access = scramUsers(t) })
}

// login connects a user by SCRAM.
func (w *world) login(t *testing.T, id, user string) *client {
	t.Helper()
	c, s := w.client(5), &scramClient{user: user, password: user}
	c.send("connect id=%s clean p.method=SCRAM-SHA-256 p.data=%s", id, s.first())
	c.send("auth code=0x18 p.method=SCRAM-SHA-256 p.data=%s", s.final(t, c.get()))
	c.want("connack code=00 p.method=SCRAM-SHA-256 p.data=%s", s.server)
	return c
}

// [MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5]: who proves who he is
// connects, and the server proves that it knew.
func TestSCRAMConnects(t *testing.T) {
	w := scramWorld(t)
	c := w.login(t, "a", "ann")
	c.quiet()
	if infos := w.srv.Conns(); len(infos) != 1 || infos[0].User != "ann" {
		t.Errorf("%+v", infos)
	}
	// data may wait for the first AUTH
	c, s := w.client(5), &scramClient{user: "bob", password: "bob"}
	c.send("connect id=b clean p.method=SCRAM-SHA-256")
	c.want("auth code=18 p.method=SCRAM-SHA-256")
	c.send("auth code=0x18 p.method=SCRAM-SHA-256 p.data=%s", s.first())
	c.send("auth code=0x18 p.method=SCRAM-SHA-256 p.data=%s", s.final(t, c.get()))
	c.want("connack code=00 p.method=SCRAM-SHA-256 p.data=%s", s.server)
}

// [MQTT-4.12.0-1] [MQTT-4.12.0-4] [MQTT-3.1.2-30]: what does not connect.
func TestSCRAMRefuses(t *testing.T) {
	w := scramWorld(t)
	first := (&scramClient{user: "ann"}).first()
	for _, tc := range []struct{ name, connect, then, want string }{
		{"another method", "p.method=PLAIN", "", "connack code=8c p.reason=this authentication method is not supported"},
		{"no SCRAM", "p.method=SCRAM-SHA-256 p.data=00", "", "connack code=87 p.reason=denied: SCRAM: it does not begin with n,, or y,,"},
		{"another method later", "p.method=SCRAM-SHA-256 p.data=" + first, "auth code=0x18 p.method=X",
			"connack code=82 p.reason=another authentication method than CONNECT's"},
		{"no proof", "p.method=SCRAM-SHA-256 p.data=" + first, "auth code=0x18 p.method=SCRAM-SHA-256 p.data=00",
			"connack code=87 p.reason=denied: SCRAM: there is no proof"},
		{"too early again", "p.method=SCRAM-SHA-256 p.data=" + first, "auth code=0x19 p.method=SCRAM-SHA-256",
			"connack code=82 p.reason=an authentication is under way"},
		{"another packet", "p.method=SCRAM-SHA-256 p.data=" + first, "pingreq",
			"connack code=82 p.reason=PINGREQ before the authentication was over"},
		{"goodbye", "p.method=SCRAM-SHA-256 p.data=" + first, "disconnect", "end"},
	} {
		c := w.client(5)
		c.send("connect id=a clean %s", tc.connect)
		got := c.get()
		if tc.then != "" {
			c.send("%s", tc.then)
			got = c.get()
		}
		if got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
		if got != "end" {
			c.want("end")
		}
	}
	for _, user := range []string{"ann", "nobody"} {
		c, s := w.client(5), &scramClient{user: user, password: "wrong"}
		c.send("connect id=a clean p.method=SCRAM-SHA-256 p.data=%s", s.first())
		c.send("auth code=0x18 p.method=SCRAM-SHA-256 p.data=%s", s.final(t, c.get()))
		c.want("connack code=87 p.reason=denied: wrong user name or password")
		c.want("end")
	}
	plain := newWorld(t, func(w *world) { w.cfg.Access = users(t) }).client(5)
	plain.send("connect id=a clean p.method=SCRAM-SHA-256 p.data=%s", first)
	plain.want("connack code=8c p.reason=this authentication method is not supported")
}

// [MQTT-4.12.1-1] [MQTT-4.12.1-2]: once more on a live connection, while
// other packets go on.
func TestSCRAMAgain(t *testing.T) {
	w := scramWorld(t)
	c := w.login(t, "a", "ann")
	for range 2 {
		s := &scramClient{user: "ann", password: "ann"}
		c.send("auth code=0x19 p.method=SCRAM-SHA-256 p.data=%s", s.first())
		challenge := c.get()
		c.send("publish topic=x qos=1 id=1 payload=p")
		c.want("puback id=1 code=10")
		c.send("auth code=0x18 p.method=SCRAM-SHA-256 p.data=%s", s.final(t, challenge))
		c.want("auth code=00 p.method=SCRAM-SHA-256 p.data=%s", s.server)
	}
	for i, tc := range []struct{ user, password, want string }{
		{"ann", "wrong", "disconnect code=87 p.reason=denied: wrong user name or password"},
		{"bob", "bob", "disconnect code=87 p.reason=another user than the connection's"},
	} {
		c := w.login(t, fmt.Sprint(i), "ann")
		s := &scramClient{user: tc.user, password: tc.password}
		c.send("auth code=0x19 p.method=SCRAM-SHA-256 p.data=%s", s.first())
		c.send("auth code=0x18 p.method=SCRAM-SHA-256 p.data=%s", s.final(t, c.get()))
		c.want("%s", tc.want)
		c.want("end")
	}
	for i, tc := range []struct{ auth, want string }{
		{"auth code=0x18 p.method=SCRAM-SHA-256", "disconnect code=82 p.reason=no authentication is under way"},
		{"auth code=0x19 p.method=PLAIN", "disconnect code=82 p.reason=another authentication method than CONNECT's"},
		{"auth code=0x00 p.method=SCRAM-SHA-256", "disconnect code=82 p.reason=reason code 0x00 in a AUTH from a client"},
	} {
		c := w.login(t, fmt.Sprint("x", i), "ann")
		c.send("%s", tc.auth)
		c.want("%s", tc.want)
		c.want("end")
	}
}

// [MQTT-4.12.0-6] [MQTT-4.12.0-7]: who named no method sends no AUTH.
func TestAuthWithoutMethod(t *testing.T) {
	c := newWorld(t).client(5)
	c.send("connect id=a clean")
	c.want("connack code=00") // [MQTT-4.12.0-6]: no AUTH before it, no method in it
	c.send("auth code=0x19 p.method=SCRAM-SHA-256")
	c.want("disconnect code=82 p.reason=AUTH on a connection without enhanced authentication")
	c.want("end")
}
