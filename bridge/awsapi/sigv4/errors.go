package sigv4

import "github.com/slipwaymq/slipway/bridge/awsapi/wire"

// What AWS answers, by protocol: the JSON front end has codes of its own. HTTP
// statuses are those that SQS was recorded with (403 in both forms, where older
// JSON services answer 400) or documents.
var (
	MissingToken       = &wire.ErrorType{Code: "MissingAuthenticationTokenException", QueryCode: "MissingAuthenticationToken", Namespace: wire.Coral, Status: 403}
	Incomplete         = &wire.ErrorType{Code: "IncompleteSignatureException", QueryCode: "IncompleteSignature", Namespace: wire.Coral, Status: 400}
	InvalidSignature   = &wire.ErrorType{Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch", Namespace: wire.Coral, Status: 403}
	UnrecognizedClient = &wire.ErrorType{Code: "UnrecognizedClientException", QueryCode: "InvalidClientTokenId", Namespace: wire.Coral, Status: 403}
)

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// maxEcho bounds what an error repeats of a request.
const maxEcho = 8 << 10

func clip(s string) string {
	if len(s) > 1024 {
		return s[:1024]
	}
	return s
}

// mismatched tells the client what it should have signed, as AWS does: nothing in
// it is secret, and it is the only way to find a proxy that rewrites headers.
func mismatched(canonical, toSign string) *wire.Error {
	if len(canonical) > maxEcho {
		return InvalidSignature.New(mismatch)
	}
	return InvalidSignature.Newf("%s\n\nThe Canonical String for this request should have been\n'%s'\n\n"+
		"The String-to-Sign should have been\n'%s'\n", mismatch, canonical, toSign)
}
