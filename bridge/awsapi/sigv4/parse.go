package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	isoBasic   = "20060102T150405Z"

	// Skew is how far a client's clock may be off.
	Skew = 15 * time.Minute
	// MaxExpires is the longest life of a presigned request.
	MaxExpires = 7 * 24 * time.Hour
)

// claim is what a request says of its signature.
type claim struct {
	presigned     bool
	algorithm     string
	credential    string
	signedHeaders string
	signature     string
	date          string // as sent
	time          time.Time
	iso           string        // time in the basic form
	expires       time.Duration // presigned: from time on
	query         []param       // presigned, or any query string

	keyID, day, region, service, term string // of credential
}

// param is one decoded parameter of the query string.
type param struct{ key, value string }

// parse reads the claim from the header or the query string.
func parse(r *http.Request) (*claim, *wire.Error) {
	c := &claim{}
	var ok bool
	if c.query, ok = parseQuery(r.URL.RawQuery); !ok {
		return nil, wire.MalformedQuery.New("The query string contains a syntax error")
	}
	auth := strings.TrimSpace(strings.Join(r.Header["Authorization"], ", "))
	_, inQuery := c.param("X-Amz-Algorithm")
	switch {
	case inQuery && auth != "":
		return nil, InvalidSignature.New("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case inQuery:
		c.presigned = true
		return c, c.readQuery()
	case strings.HasPrefix(auth, "AWS4-"):
		return c, c.readHeader(r, auth)
	}
	return nil, MissingToken.New("Request is missing Authentication Token")
}

func (c *claim) param(key string) (string, bool) {
	for i := range c.query {
		if c.query[i].key == key {
			return c.query[i].value, true
		}
	}
	return "", false
}

// readHeader takes `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`
// apart; commas, spaces and both separate.
func (c *claim) readHeader(r *http.Request, auth string) *wire.Error {
	rest := ""
	c.algorithm, rest, _ = strings.Cut(auth, " ")
	seen := make([]param, 0, 4)
	for rest != "" {
		part := rest
		if i := strings.IndexAny(rest, ", \t"); i >= 0 {
			part, rest = rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		if part == "" {
			continue
		}
		k, v, ok := strings.Cut(part, "=")
		if !ok {
			return Incomplete.Newf("'%s' not a valid key=value pair (missing equal-sign) in Authorization header: '%s'.", clip(part), clip(auth))
		}
		if slices.ContainsFunc(seen, func(p param) bool { return p.key == k }) {
			return Incomplete.Newf("Authorization header has '%s' twice. Authorization=%s", clip(k), clip(auth))
		}
		if len(seen) == maxFields {
			return Incomplete.Newf("Authorization header has too many fields. Authorization=%s", clip(auth))
		}
		seen = append(seen, param{k, v})
		c.field(k, v)
	}
	if c.date = r.Header.Get("X-Amz-Date"); c.date == "" {
		c.date = r.Header.Get("Date")
	}
	missing := ""
	for _, p := range []struct{ name, value string }{{"Credential", c.credential}, {"Signature", c.signature}, {"SignedHeaders", c.signedHeaders}} {
		if p.value == "" {
			missing += "Authorization header requires '" + p.name + "' parameter. "
		}
	}
	if c.date == "" {
		missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
	}
	if missing != "" {
		return Incomplete.New(missing + "Authorization=" + clip(auth))
	}
	return c.readDate()
}

// maxFields bounds an Authorization header: three are known.
const maxFields = 32

// field takes one of the header's fields; what it does not know says nothing.
func (c *claim) field(name, value string) {
	switch name {
	case "Credential":
		c.credential = value
	case "SignedHeaders":
		c.signedHeaders = value
	case "Signature":
		c.signature = value
	}
}

// readQuery reads the X-Amz-* parameters of a presigned request.
func (c *claim) readQuery() *wire.Error {
	missing := ""
	for _, p := range []struct {
		name string
		to   *string
	}{{"X-Amz-Algorithm", &c.algorithm}, {"X-Amz-Credential", &c.credential}, {"X-Amz-Signature", &c.signature},
		{"X-Amz-SignedHeaders", &c.signedHeaders}, {"X-Amz-Date", &c.date}} {
		if *p.to, _ = c.param(p.name); *p.to == "" {
			missing += "AWS query-string parameters must include '" + p.name + "'. "
		}
	}
	if missing != "" {
		return Incomplete.New(missing + "Re-examine the query-string parameters.")
	}
	c.expires = Skew
	if text, ok := c.param("X-Amz-Expires"); ok {
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			return Incomplete.New("X-Amz-Expires should be a number")
		case n < 0:
			return Incomplete.New("X-Amz-Expires must be non-negative")
		case n > int64(MaxExpires/time.Second):
			return Incomplete.New("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
		}
		c.expires = time.Duration(n) * time.Second
	}
	return c.readDate()
}

func (c *claim) readDate() *wire.Error {
	t, err := time.Parse(isoBasic, c.date)
	if err != nil && !c.presigned {
		t, err = http.ParseTime(c.date)
	}
	if err != nil {
		return Incomplete.Newf("Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", clip(c.date))
	}
	c.time = t.UTC()
	c.iso = c.time.Format(isoBasic)
	return nil
}

// readScope takes keyid/date/region/service/aws4_request apart and compares it
// with the date and the service that the request is for. A key id may hold
// slashes: the scope is the last four elements.
func (c *claim) readScope(service string) *wire.Error {
	rest, ok := strings.TrimRight(c.credential, "/"), true
	for _, part := range []*string{&c.term, &c.service, &c.region, &c.day} {
		if ok {
			rest, *part, ok = cutLast(rest, '/')
		}
	}
	if !ok {
		return Incomplete.Newf("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", clip(c.credential))
	}
	c.keyID = rest
	wrong := ""
	if !isRegion(c.region) {
		wrong += "Credential should be scoped to a valid region, not '" + clip(c.region) + "'. "
	}
	if c.service != service {
		wrong += "Credential should be scoped to correct service: '" + service + "'. "
	}
	if c.term != terminator {
		wrong += "Credential should be scoped with a valid terminator: 'aws4_request', not '" + clip(c.term) + "'. "
	}
	if c.day != c.iso[:8] {
		wrong += "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			clip(c.day) + "' != '" + c.iso[:8] + "', from '" + c.iso + "'."
	}
	if wrong != "" {
		return InvalidSignature.New(wrong)
	}
	return nil
}

// cutLast is strings.Cut around the last sep.
func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// isRegion tells what may stand for a region: every one is served, so only its
// form is checked.
func isRegion(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// maxParams bounds a query string: sorting it must not cost an unknown caller's
// request more than any other.
const maxParams = 10_000

func parseQuery(raw string) (params []param, ok bool) {
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		key, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil || len(params) == maxParams {
			return nil, false
		}
		params = append(params, param{key, value})
	}
	return params, true
}
