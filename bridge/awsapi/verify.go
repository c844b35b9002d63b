package awsapi

import (
	"net/http"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/sigv4"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// A Verifier checks a request's signature over its raw body and tells whose it
// is; its *Error is the answer. The call is routed but not decoded, and holds
// account and region as the request claims them.
type Verifier func(c *Call, r *http.Request, body []byte) (Principal, error)

// Signatures is what signatures are verified by.
type Signatures struct {
	// Secret finds an access key: its secret and the user that it belongs to.
	Secret func(accessKeyID string) (secret, user string, ok bool)
	Now    func() time.Time
	// Unsigned tells which calls may come without any signature; they reach their
	// handler with an anonymous Principal, and the handler must ask a policy (or a
	// token) whether that is enough. Nil: UnsignedLinks. A signature that is there
	// and wrong is refused all the same.
	Unsigned func(c *Call) bool
	// Strangers lets in who signs with no key or with one that nobody has, as
	// anonymous: SDKs cannot but sign. A wrong signature by somebody's key is
	// refused all the same. Set Config.AllowAnonymous with it.
	Strangers bool
	// Account is the account that a user's calls are in, unless the key's id is one
	// itself. Nil or "": the edge's.
	Account func(user string) string
}

// Verifier makes Config.Verify.
func (s Signatures) Verifier() Verifier {
	if s.Unsigned == nil {
		s.Unsigned = UnsignedLinks
	}
	v := sigv4.New(func(id string) (string, bool) {
		secret, _, ok := s.Secret(id)
		return secret, ok
	}, s.Now)
	return func(c *Call, r *http.Request, body []byte) (Principal, error) {
		if s.stranger(r) {
			return Principal{}, nil
		}
		signed, err := v.Verify(r, body, c.Service.SigningName)
		switch {
		case err == nil:
		case err.Type != sigv4.MissingToken:
			return Principal{}, err
		case s.Unsigned(c):
			return Principal{}, nil
		case c.Service.TargetPrefix != "":
			return Principal{}, unsignedQueueCall(c, r)
		default:
			return Principal{}, err
		}
		_, user, ok := s.Secret(signed.AccessKeyID)
		if !ok { // taken away since
			return Principal{}, sigv4.UnrecognizedClient.New("The security token included in the request is invalid.")
		}
		c.Region = signed.Region
		if s.Account != nil && !isAccount(signed.AccessKeyID) {
			if account := s.Account(user); account != "" {
				c.Account = account
			}
		}
		return Principal{User: user, AccessKeyID: signed.AccessKeyID}, nil
	}
}

// stranger tells a request by nobody's key where such are let in. Not even its
// date is looked at.
func (s *Signatures) stranger(r *http.Request) bool {
	if !s.Strangers {
		return false
	}
	_, _, known := s.Secret(credentialOf(r).AccessKeyID)
	return !known
}

// unsignedQueueCall is SQS's own answer: it takes an unsigned call for an
// anonymous one, which only a queue's policy could let in.
func unsignedQueueCall(c *Call, r *http.Request) *Error {
	return wire.AccessDenied.Newf("Access to the resource %s%.500s is denied.", c.BaseURL, r.URL.EscapedPath())
}

// UnsignedLinks are the calls that are links in messages of SNS: whoever holds
// the token or the subscription's ARN may follow them.
func UnsignedLinks(c *Call) bool {
	return c.Service.Name == "SNS" && (c.Operation == "ConfirmSubscription" || c.Operation == "Unsubscribe")
}
