package sigv4_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/aws-http-auth/credentials"
	smithy "github.com/aws/smithy-go/aws-http-auth/sigv4"
	smithyopt "github.com/aws/smithy-go/aws-http-auth/v4"

	"github.com/slipwaymq/slipway/bridge/awsapi/sigv4"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var now = time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC)

func verifier() *sigv4.Verifier {
	return sigv4.New(func(id string) (string, bool) { return secret, id == keyID }, func() time.Time { return now })
}

// signing is how one request is signed; the zero value of a field is the default.
type signing struct {
	secret, service, region, token string
	at                             time.Time
	hash                           string // of the payload; default: the body's
	expires                        string // presigned
}

func (s signing) defaults(body string) signing {
	for _, f := range []struct {
		to  *string
		def string
	}{{&s.secret, secret}, {&s.service, "sqs"}, {&s.region, "eu-west-1"}, {&s.hash, hashOf(body)}} {
		if *f.to == "" {
			*f.to = f.def
		}
	}
	if s.at.IsZero() {
		s.at = now
	}
	return s
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// signers are other people's: what they sign must verify.
var signers = map[string]func(t testing.TB, r *http.Request, s signing){
	"sdk header": func(t testing.TB, r *http.Request, s signing) {
		c := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: s.secret, SessionToken: s.token}
		must(t, sdk.NewSigner().SignHTTP(t.Context(), c, r, s.hash, s.service, s.region, s.at))
	},
	"sdk presigned": func(t testing.TB, r *http.Request, s signing) {
		c := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: s.secret, SessionToken: s.token}
		if s.expires != "" {
			q := r.URL.Query()
			q.Set("X-Amz-Expires", s.expires)
			r.URL.RawQuery = q.Encode()
		}
		u, h, err := sdk.NewSigner().PresignHTTP(t.Context(), c, r, s.hash, s.service, s.region, s.at)
		must(t, err)
		r.URL, err = url.Parse(u)
		must(t, err)
		for k, v := range h {
			r.Header[http.CanonicalHeaderKey(k)] = v
		}
	},
	"smithy header":    smithySigner(smithyopt.SignatureTypeHeader),
	"smithy presigned": smithySigner(smithyopt.SignatureTypeQueryString),
}

func smithySigner(kind smithyopt.SignatureType) func(t testing.TB, r *http.Request, s signing) {
	return func(t testing.TB, r *http.Request, s signing) {
		hash := []byte(s.hash)
		if b, err := hex.DecodeString(s.hash); err == nil {
			hash = b
		}
		must(t, smithy.New().SignRequest(&smithy.SignRequestInput{
			Request: r, PayloadHash: hash, Service: s.service, Region: s.region, Time: s.at, SignatureType: kind,
			Credentials: credentials.Credentials{AccessKeyID: keyID, SecretAccessKey: s.secret, SessionToken: s.token},
		}))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// arrive is what a server makes of a client's request.
func arrive(t testing.TB, r *http.Request) (*http.Request, []byte) {
	t.Helper()
	var wire bytes.Buffer
	must(t, r.Write(&wire))
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	must(t, err)
	body, err := io.ReadAll(got.Body)
	must(t, err)
	return got, body
}

// shape is one kind of request that SQS and SNS clients make.
type shape struct{ method, url, body, contentType, target string }

func (s shape) request(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequest(s.method, s.url, strings.NewReader(s.body))
	must(t, err)
	if s.contentType != "" {
		r.Header.Set("Content-Type", s.contentType)
	}
	if s.target != "" {
		r.Header.Set("X-Amz-Target", s.target)
	}
	return r
}

var shapes = map[string]shape{
	"json":                {"POST", "http://localhost:4566/", `{"QueueUrl":"q","MessageBody":"hello"}`, "application/x-amz-json-1.0", "AmazonSQS.SendMessage"},
	"form":                {"POST", "http://localhost:4566/", "Action=ListQueues&Version=2012-11-05", "application/x-www-form-urlencoded; charset=utf-8", ""},
	"form on queue path":  {"POST", "http://sqs.eu-west-1.amazonaws.com/123456789012/a-b_c.fifo", "Action=PurgeQueue", "", ""},
	"get":                 {"GET", "http://localhost/?Version=2012-11-05&Action=SendMessage&MessageBody=a%20b%2Bc%2F%C3%A9~*&Empty=", "", "", ""},
	"get, bare and twice": {"GET", "http://localhost/123/q?Action=X&B=2&B=10&B=1&a=%7E&flag", "", "", ""},
	"escaped path":        {"POST", "http://localhost/queue%20one/caf%C3%A9/%2Fx", "", "", ""},
}

// TestOthersSign: every signer, every shape of request, verifies.
func TestOthersSign(t *testing.T) {
	for name, sign := range signers {
		for kind, sh := range shapes {
			r := sh.request(t)
			s := signing{token: "session/token+=="}.defaults(sh.body)
			sign(t, r, s)
			got, body := arrive(t, r)
			who, err := verifier().Verify(got, body, "sqs")
			if err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
			} else if who.AccessKeyID != keyID || who.Region != "eu-west-1" || who.Presigned != strings.HasSuffix(name, "presigned") {
				t.Errorf("%s, %s: %+v", name, kind, who)
			}
		}
	}
}

// TestPlanted: one thing is wrong with each, and each is refused with AWS's code.
func TestPlanted(t *testing.T) {
	sh := shapes["json"]
	for _, c := range []struct {
		name   string
		with   signing
		tamper func(r *http.Request)
		want   *wire.ErrorType
		text   string // a part of the message
	}{
		{"nothing", signing{}, nil, nil, ""},
		{"unsigned payload", signing{hash: "UNSIGNED-PAYLOAD"}, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, nil, ""},
		{"unsigned payload, not said", signing{hash: "UNSIGNED-PAYLOAD"}, nil, sigv4.InvalidSignature, "does not match"},
		{"payload said to be unsigned", signing{}, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, sigv4.InvalidSignature, "does not match"},
		{"key", signing{secret: "wrong"}, nil, sigv4.InvalidSignature, "does not match"},
		{"region", signing{region: "us-east-1"}, func(r *http.Request) { replaceAll(r, "us-east-1", "eu-west-1") }, sigv4.InvalidSignature, "does not match"},
		{"service", signing{service: "sns"}, nil, sigv4.InvalidSignature, "Credential should be scoped to correct service: 'sqs'. "},
		{"service, renamed", signing{service: "sns"}, func(r *http.Request) { replaceAll(r, "/sns/", "/sqs/"); replaceAll(r, "%2Fsns%2F", "%2Fsqs%2F") }, sigv4.InvalidSignature, "does not match"},
		{"unknown key", signing{}, func(r *http.Request) { replaceAll(r, keyID, "AKIDOTHER") }, sigv4.UnrecognizedClient, "The security token included in the request is invalid."},
		{"body", signing{}, func(r *http.Request) { setBody(r, `{"QueueUrl":"q","MessageBody":"hellO"}`) }, sigv4.InvalidSignature, "does not match"},
		{"target", signing{}, func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSQS.DeleteQueue") }, sigv4.InvalidSignature, ""},
		{"host", signing{}, func(r *http.Request) { r.Host = "localhost:4567" }, sigv4.InvalidSignature, "host:localhost:4567"},
		{"method", signing{}, func(r *http.Request) { r.Method = "PUT" }, sigv4.InvalidSignature, "does not match"},
		{"path", signing{}, func(r *http.Request) { r.URL.Path = "/1/q" }, sigv4.InvalidSignature, "does not match"},
		{"query", signing{}, func(r *http.Request) { r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&Action=X", "&") }, sigv4.InvalidSignature, "does not match"},
		{"date", signing{}, func(r *http.Request) { replaceAll(r, "20261122T143000Z", "20261122T143001Z") }, sigv4.InvalidSignature, "does not match"},
		{"old", signing{at: now.Add(-15*time.Minute - time.Second), expires: "900"}, nil, sigv4.InvalidSignature,
			"Signature expired: 20261122T141459Z is now earlier than 20261122T141500Z (20261122T143000Z - 15 min.)"},
		{"almost old", signing{at: now.Add(-15 * time.Minute), expires: "900"}, nil, nil, ""},
		{"early", signing{at: now.Add(15*time.Minute + time.Second)}, nil, sigv4.InvalidSignature,
			"Signature not yet current: 20261122T144501Z is still later than 20261122T144500Z (20261122T143000Z + 15 min.)"},
		{"almost early", signing{at: now.Add(15 * time.Minute)}, nil, nil, ""},
	} {
		for name, sign := range signers {
			if c.name == "almost old" && name == "smithy presigned" {
				continue // its signer has no expiry to set
			}
			r := sh.request(t)
			sign(t, r, c.with.defaults(sh.body))
			if c.tamper != nil {
				c.tamper(r)
			}
			got, body := arrive(t, r)
			_, err := verifier().Verify(got, body, "sqs")
			check(t, c.name+", "+name, err, c.want, c.text)
		}
	}
}

func check(t *testing.T, name string, err *wire.Error, want *wire.ErrorType, text string) {
	t.Helper()
	switch {
	case want == nil && err != nil:
		t.Errorf("%s: refused: %v", name, err)
	case want != nil && err == nil:
		t.Errorf("%s: accepted", name)
	case want != nil && (err.Type != want || !strings.Contains(err.Message, text)):
		t.Errorf("%s: %v, want %s %q", name, err, want.Code, text)
	}
}

// replaceAll changes the text wherever the signature's parts stand.
func replaceAll(r *http.Request, from, to string) {
	r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, from, to)
	for _, vs := range r.Header {
		for i := range vs {
			vs[i] = strings.ReplaceAll(vs[i], from, to)
		}
	}
}

func setBody(r *http.Request, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	r.ContentLength = int64(len(body))
}

// TestExpires: a presigned request lives as long as it says, up to a week.
func TestExpires(t *testing.T) {
	for _, c := range []struct {
		age     time.Duration
		expires string
		want    *wire.ErrorType
		text    string
	}{
		{time.Hour, "3600", nil, ""},
		{time.Hour + time.Second, "3600", sigv4.InvalidSignature, "Signature expired: 20261122T132959Z is now earlier than 20261122T133000Z (20261122T143000Z - 60 min.)"},
		{7 * 24 * time.Hour, "604800", nil, ""},
		{0, "604801", sigv4.Incomplete, "must be less than a week"},
		{0, "-1", sigv4.Incomplete, "non-negative"},
		{0, "1e3", sigv4.Incomplete, "should be a number"},
		{2 * time.Second, "1", sigv4.InvalidSignature, "- 1 sec.)"},
	} {
		r := shapes["get"].request(t)
		signers["sdk presigned"](t, r, signing{at: now.Add(-c.age), expires: c.expires}.defaults(""))
		got, body := arrive(t, r)
		_, err := verifier().Verify(got, body, "sqs")
		check(t, c.expires, err, c.want, c.text)
	}
}

// TestTexts: requests that no signer makes, and what AWS says to them.
func TestTexts(t *testing.T) {
	const scope = "Credential=AKIDEXAMPLE/20261122/eu-west-1/sqs/aws4_request"
	for _, c := range []struct {
		name, query, auth, date string
		want                    *wire.ErrorType
		text                    string
	}{
		{"nothing", "", "", "", sigv4.MissingToken, "Request is missing Authentication Token"},
		{"not version 4", "", "AWS AKID:sig", "", sigv4.MissingToken, "Request is missing Authentication Token"},
		{"no algorithm in the query", "X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=c&X-Amz-Date=d", "", "", sigv4.MissingToken, ""},
		{"both", "X-Amz-Algorithm", "X", "", sigv4.InvalidSignature, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		{"bare", "", "AWS4-", "", sigv4.Incomplete, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
			"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-"},
		{"spaces separate", "", "AWS4- Signature=b Credential=a", "a", sigv4.Incomplete, "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4- Signature=b Credential=a"},
		{"no equal sign", "", "AWS4-HMAC-SHA256 Credential", "a", sigv4.Incomplete, "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential'."},
		{"twice", "", "AWS4-HMAC-SHA256 Signature=a, Signature=b", "a", sigv4.Incomplete, "has 'Signature' twice"},
		{"empty query", "X-Amz-Algorithm", "", "", sigv4.Incomplete, "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include 'X-Amz-Credential'. " +
			"AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."},
		{"date", "", "AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host, Signature=00", "201", sigv4.Incomplete, "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{"host unsigned", "", "AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=hosts;x-amz-date, Signature=00", "20261122T143000Z", sigv4.InvalidSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{"algorithm", "", "AWS4-HMAC-SHA25 " + scope + ", SignedHeaders=host, Signature=00", "20261122T143000Z", sigv4.Incomplete, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). "},
		{"credential", "", "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=00", "20261122T143000Z", sigv4.Incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c/d'"},
		{"scope", "", "AWS4-HMAC-SHA256 Credential=a/b/C/d/e, SignedHeaders=host, Signature=00", "20261122T143000Z", sigv4.InvalidSignature,
			"Credential should be scoped to a valid region, not 'C'. Credential should be scoped to correct service: 'sqs'. Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. " +
				"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20261122', from '20261122T143000Z'."},
		{"canonical string", "", "AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host;x-amz-date, Signature=00", "20261122T143000Z", sigv4.InvalidSignature,
			"details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:localhost\nx-amz-date:20261122T143000Z\n\nhost;x-amz-date\n" + hashOf("") +
				"'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20261122T143000Z\n20261122/eu-west-1/sqs/aws4_request\n"},
		{"syntax", "a=%zz", "", "", wire.MalformedQuery, ""},
	} {
		r, err := http.NewRequest("POST", "http://localhost/?"+c.query, nil)
		must(t, err)
		if c.auth != "" {
			r.Header.Set("Authorization", c.auth)
		}
		if c.date != "" {
			r.Header.Set("X-Amz-Date", c.date)
		}
		_, got := verifier().Verify(r, nil, "sqs")
		check(t, c.name, got, c.want, c.text)
	}
	for _, c := range []struct {
		kind        *wire.ErrorType
		json, query string
		status      int
	}{
		{sigv4.MissingToken, "MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
		{sigv4.Incomplete, "IncompleteSignatureException", "IncompleteSignature", 400},
		{sigv4.InvalidSignature, "InvalidSignatureException", "SignatureDoesNotMatch", 403},
		{sigv4.UnrecognizedClient, "UnrecognizedClientException", "InvalidClientTokenId", 403},
	} {
		if c.kind.Code != c.json || c.kind.QueryCode != c.query || c.kind.Status != c.status {
			t.Errorf("%+v", c.kind)
		}
	}
}

// TestUnsignedTarget: a signature that leaves out what is to be done is no good.
func TestUnsignedTarget(t *testing.T) {
	sh := shapes["json"]
	sh.target = ""
	r := sh.request(t)
	signers["sdk header"](t, r, signing{}.defaults(sh.body))
	r.Header.Set("X-Amz-Target", "AmazonSQS.DeleteQueue")
	got, body := arrive(t, r)
	_, err := verifier().Verify(got, body, "sqs")
	check(t, "target added", err, sigv4.InvalidSignature, "'X-Amz-Target' must be a 'SignedHeader'")
}

// TestHTTPDate: old clients sign the Date header.
func TestHTTPDate(t *testing.T) {
	r := shapes["form"].request(t)
	signers["sdk header"](t, r, signing{}.defaults(shapes["form"].body))
	got, body := arrive(t, r)
	got.Header.Del("X-Amz-Date")
	got.Header.Set("Date", now.Format(http.TimeFormat))
	if _, err := verifier().Verify(got, body, "sqs"); err == nil || err.Type != sigv4.InvalidSignature || !strings.Contains(err.Message, "\n20261122T143000Z\n") {
		t.Error(err)
	}
}

// TestCache: a key's new secret counts at once, and the old one no more.
func TestCache(t *testing.T) {
	current := secret
	v := sigv4.New(func(string) (string, bool) { return current, true }, func() time.Time { return now })
	sh := shapes["json"]
	for i, c := range []struct {
		secret, signed string
		ok             bool
	}{{secret, secret, true}, {secret, secret, true}, {"new", secret, false}, {"new", "new", true}, {"new", secret, false}, {secret, secret, true}} {
		current = c.secret
		r := sh.request(t)
		signers["sdk header"](t, r, signing{secret: c.signed}.defaults(sh.body))
		got, body := arrive(t, r)
		if _, err := v.Verify(got, body, "sqs"); (err == nil) != c.ok {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	r := shapes["get"].request(f)
	signers["sdk presigned"](f, r, signing{}.defaults(""))
	f.Add(r.URL.RawQuery, "", "", "")
	r = shapes["json"].request(f)
	signers["sdk header"](f, r, signing{}.defaults(shapes["json"].body))
	f.Add("", r.Header.Get("Authorization"), r.Header.Get("X-Amz-Date"), shapes["json"].body)
	f.Add("X-Amz-Algorithm&a=%2", "AWS4- Credential=////,Signature==,SignedHeaders=;;host;", "20261122T143000Z", "")
	v := verifier()
	f.Fuzz(func(t *testing.T, query, auth, date, body string) {
		r := &http.Request{Method: "POST", Host: "localhost", URL: &url.URL{Path: "/", RawQuery: query}, Header: http.Header{}}
		r.Header.Set("Authorization", auth)
		r.Header.Set("X-Amz-Date", date)
		who, err := v.Verify(r, []byte(body), "sqs")
		if err == nil && who.AccessKeyID != keyID {
			t.Errorf("%+v", who)
		}
		if err != nil && (err.Message == "" || len(err.Message) > 32<<10) {
			t.Errorf("a message of %d bytes", len(err.Message))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for name, url := range map[string]string{"header": "http://localhost:4566/", "presigned": "http://localhost:4566/"} {
		b.Run(name, func(b *testing.B) {
			sh := shapes["json"]
			sh.url, sh.body = url, `{"QueueUrl":"http://localhost:4566/000000000000/q","MessageBody":"`+strings.Repeat("x", 956)+`"}`
			r := sh.request(b)
			signers["sdk "+name](b, r, signing{token: "t"}.defaults(sh.body))
			got, body := arrive(b, r)
			v := verifier()
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := v.Verify(got, body, "sqs"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
