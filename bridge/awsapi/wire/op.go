package wire

// Service is one AWS service as its model describes it.
type Service struct {
	Name         string // "SQS"; as in the dispatch table
	SigningName  string // "sqs"; as in a credential scope
	Version      string // of the Query API
	TargetPrefix string // of X-Amz-Target; empty: the service has no JSON form
	XMLNamespace string
	QueryDetail  bool       // <Detail/> stands in Query errors
	MissingStyle bool       // a missing member is MissingParameter by name, not a list of constraint failures
	PathParam    string     // the parameter that a Query request's path stands in for
	Internal     *ErrorType // answer to a failure of ours; nil: InternalFailure
	Operations   []string   // every operation of the model, handled or not
}

// Input is a generated request type. Services with a JSON form have JSONInput too.
type Input interface {
	DecodeQuery(q *Query, prefix string)
	Validate(v *Validator)
}

// JSONInput is a request type of a service with a JSON form.
type JSONInput interface{ DecodeJSON(r *JSONReader) }

// Output is a generated reply type. Services with a JSON form have JSONOutput too.
type Output interface{ AppendXML(w *XMLWriter) }

// JSONOutput is a reply type of a service with a JSON form.
type JSONOutput interface{ AppendJSON(w *JSONWriter) }

// Op is one operation: its name and how its two types reach their codecs.
// The variables in sqsapi, snsapi and stsapi are immutable.
type Op[I, O any] struct {
	Service *Service
	Name    string
	Result  string // XML wrapper of the output; empty: the operation has none
	In      func(*I) Input
	Out     func(*O) Output
}

// NewOp ties two generated types together; only generated code calls it.
func NewOp[I, O any, PI interface {
	*I
	Input
}, PO interface {
	*O
	Output
}](s *Service, name, result string) *Op[I, O] {
	return &Op[I, O]{
		Service: s, Name: name, Result: result,
		In:  func(i *I) Input { return PI(i) },
		Out: func(o *O) Output { return PO(o) },
	}
}
