package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// Signed is who signed a request, and for where.
type Signed struct {
	AccessKeyID string
	Region      string
	Presigned   bool
}

// Verifier checks signatures. It is safe for concurrent use.
type Verifier struct {
	secret func(accessKeyID string) (string, bool) // immutable
	now    func() time.Time                        // immutable

	mu   sync.RWMutex
	keys map[scope]derived // guarded by mu; signing keys of requests that verified
}

// scope is what a signing key is derived for; derived remembers of which secret.
type scope struct{ keyID, day, region, service string }

type derived struct {
	secret string
	macs   *sync.Pool // of *keyedHash: making one costs as much as using it
}

// keyedHash is a keyed HMAC with room for what goes in and out.
type keyedHash struct {
	hash.Hash
	text [192]byte
	sum  [sha256.Size]byte
}

// maxKeys bounds the cache: one key a user, day, region and service.
const maxKeys = 4096

// New makes a verifier that finds secrets by secret and the time by now.
func New(secret func(accessKeyID string) (string, bool), now func() time.Time) *Verifier {
	return &Verifier{secret: secret, now: now, keys: map[scope]derived{}}
}

// Verify checks a request, with its body as received, that service is asked by.
func (v *Verifier) Verify(r *http.Request, body []byte, service string) (Signed, *wire.Error) {
	c, err := parse(r)
	if err != nil {
		return Signed{}, err
	}
	if err := c.checkTime(v.now().UTC()); err != nil {
		return Signed{}, err
	}
	if err := c.checkHeaders(r); err != nil {
		return Signed{}, err
	}
	if c.algorithm != algorithm {
		return Signed{}, Incomplete.Newf("Unsupported AWS 'algorithm': '%s' (only AWS4-HMAC-SHA256 for now). ", clip(c.algorithm))
	}
	if err := c.readScope(service); err != nil {
		return Signed{}, err
	}
	secret, ok := v.secret(c.keyID)
	if !ok {
		return Signed{}, UnrecognizedClient.New("The security token included in the request is invalid.")
	}
	if err := v.compare(c, secret, r, body); err != nil {
		return Signed{}, err
	}
	return Signed{AccessKeyID: c.keyID, Region: c.region, Presigned: c.presigned}, nil
}

// checkTime compares the date with the clock.
func (c *claim) checkTime(now time.Time) *wire.Error {
	if early := now.Add(Skew); c.time.After(early) {
		return InvalidSignature.Newf("Signature not yet current: %s is still later than %s (%s + 15 min.)",
			c.time.Format(isoBasic), early.Format(isoBasic), now.Format(isoBasic))
	}
	life := Skew
	if c.presigned {
		life = c.expires
	}
	if late := now.Add(-life); c.time.Before(late) {
		span := fmt.Sprintf("%d min.", life/time.Minute)
		if life%time.Minute != 0 {
			span = fmt.Sprintf("%d sec.", life/time.Second)
		}
		return InvalidSignature.Newf("Signature expired: %s is now earlier than %s (%s - %s)",
			c.time.Format(isoBasic), late.Format(isoBasic), now.Format(isoBasic), span)
	}
	return nil
}

// maxSigned bounds how many headers one signature may name.
const maxSigned = 100

// checkHeaders wants the host signed, which binds the request to this server, and
// the header that says what to do.
func (c *claim) checkHeaders(r *http.Request) *wire.Error {
	c.signedHeaders = strings.ToLower(c.signedHeaders)
	if strings.Count(c.signedHeaders, ";") >= maxSigned {
		return Incomplete.New("SignedHeaders names too many headers.")
	}
	if !c.signs("host") {
		return InvalidSignature.New("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	// The Go SDK's presigner signs it as a parameter instead.
	target := r.Header.Get("X-Amz-Target")
	if hoisted, _ := c.param("X-Amz-Target"); target != "" && !c.signs("x-amz-target") && !(c.presigned && hoisted == target) {
		return InvalidSignature.New("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

func (c *claim) signs(name string) bool {
	for rest := c.signedHeaders; rest != ""; {
		var one string
		if one, rest, _ = strings.Cut(rest, ";"); one == name {
			return true
		}
	}
	return false
}

// compare calculates the signature and compares it in constant time.
func (v *Verifier) compare(c *claim, secret string, r *http.Request, body []byte) *wire.Error {
	sc := scope{c.keyID, c.day, c.region, c.service}
	d, known := v.lookup(sc, secret)
	if !known {
		d = derive(secret, sc)
	}
	var room [1024]byte
	canonical := c.appendCanonical(room[:0], r, body)
	sum := sha256.Sum256(canonical)
	var want [2 * sha256.Size]byte
	h := d.macs.Get().(*keyedHash)
	defer d.macs.Put(h)
	toSign := c.appendToSign(h.text[:0], &sum)
	h.Reset()
	h.Write(toSign)
	hex.Encode(want[:], h.Sum(h.sum[:0]))
	if !hmac.Equal(want[:], []byte(c.signature)) {
		return mismatched(string(canonical), string(toSign)) // copies: the usual case needs no heap
	}
	if !known {
		v.keep(sc, d)
	}
	return nil
}

// appendToSign writes the string to sign over the canonical request's hash.
func (c *claim) appendToSign(b []byte, canonical *[sha256.Size]byte) []byte {
	b = append(b, algorithm+"\n"...)
	b = append(b, c.iso...)
	b = append(b, '\n')
	for _, s := range [...]string{c.day, "/", c.region, "/", c.service, "/" + terminator + "\n"} {
		b = append(b, s...)
	}
	return hex.AppendEncode(b, canonical[:])
}

func (v *Verifier) lookup(sc scope, secret string) (derived, bool) {
	v.mu.RLock()
	d, ok := v.keys[sc]
	v.mu.RUnlock()
	return d, ok && d.secret == secret // a key id may get a new secret
}

// keep remembers a key. A full cache is emptied: it refills within the requests of
// a second, and days go by.
func (v *Verifier) keep(sc scope, d derived) {
	sc = scope{strings.Clone(sc.keyID), strings.Clone(sc.day), strings.Clone(sc.region), strings.Clone(sc.service)}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.keys) >= maxKeys {
		clear(v.keys)
	}
	v.keys[sc] = d
}

func derive(secret string, sc scope) derived {
	k := sign([]byte("AWS4"+secret), []byte(sc.day))
	for _, s := range []string{sc.region, sc.service, terminator} {
		k = sign(k[:], []byte(s))
	}
	return derived{secret: secret, macs: &sync.Pool{New: func() any { return &keyedHash{Hash: hmac.New(sha256.New, k[:])} }}}
}

func sign(key, data []byte) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	mac.Sum(sum[:0])
	return sum
}
