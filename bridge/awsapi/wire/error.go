package wire

import "fmt"

// ErrorType is one error code of a service, from its model or from what every
// service answers. It is compared by pointer.
type ErrorType struct {
	Code      string // JSON: the shape's name
	QueryCode string // XML <Code>, and the x-amzn-query-error header
	Namespace string // of __type; "com.amazonaws.sqs", or coral's for errors no model has
	Status    int
	Receiver  bool // the service's fault, not the sender's
}

// Coral is the namespace of errors that every AWS service has and no model names.
const Coral = "com.amazon.coral.service"

// Errors that no service's model has. AWS.md section 1.
var (
	InvalidParameterValue = &ErrorType{Code: "InvalidParameterValueException", QueryCode: "InvalidParameterValue", Namespace: Coral, Status: 400}
	MissingParameter      = &ErrorType{Code: "MissingRequiredParameterException", QueryCode: "MissingParameter", Namespace: Coral, Status: 400}
	AccessDenied          = &ErrorType{Code: "AccessDeniedException", QueryCode: "AccessDenied", Namespace: Coral, Status: 403}
	Serialization         = &ErrorType{Code: "SerializationException", QueryCode: "MalformedInput", Namespace: Coral, Status: 400}
	Validation            = &ErrorType{Code: "ValidationException", QueryCode: "ValidationError", Namespace: Coral, Status: 400}
	UnknownOperation      = &ErrorType{Code: "UnknownOperationException", QueryCode: "InvalidAction", Namespace: Coral, Status: 400}
	MissingAction         = &ErrorType{Code: "UnknownOperationException", QueryCode: "MissingAction", Namespace: Coral, Status: 400}
	NoSuchVersion         = &ErrorType{Code: "UnknownOperationException", QueryCode: "NoSuchVersion", Namespace: Coral, Status: 400}
	NotProvided           = &ErrorType{Code: "UnsupportedOperation", QueryCode: "UnsupportedOperation", Namespace: Coral, Status: 400}
	MalformedQuery        = &ErrorType{Code: "SerializationException", QueryCode: "MalformedQueryString", Namespace: Coral, Status: 400}
	RequestTooLarge       = &ErrorType{Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge", Namespace: Coral, Status: 413}
	RequestTimeout        = &ErrorType{Code: "RequestTimeoutException", QueryCode: "RequestTimeout", Namespace: Coral, Status: 408}
	Throttling            = &ErrorType{Code: "ThrottlingException", QueryCode: "Throttling", Namespace: Coral, Status: 400}
	ServiceUnavailable    = &ErrorType{Code: "ServiceUnavailableException", QueryCode: "ServiceUnavailable", Namespace: Coral, Status: 503, Receiver: true}
	InternalFailure       = &ErrorType{Code: "InternalFailure", QueryCode: "InternalError", Namespace: Coral, Status: 500, Receiver: true}
)

// New makes an error of this type with the text the client sees.
func (t *ErrorType) New(message string) *Error { return &Error{Type: t, Message: message} }

// Newf is New with formatting.
func (t *ErrorType) Newf(format string, args ...any) *Error {
	return t.New(fmt.Sprintf(format, args...))
}

// Error is what a client is told. A handler returns one; any other error reaches
// the client as InternalFailure and the operator as one log line.
type Error struct {
	Type         *ErrorType
	Message      string
	QueryMessage string // the Query form's own wording, where AWS kept an older one
}

// Error implements error.
func (e *Error) Error() string { return e.Type.Code + ": " + e.Message }

// Is makes errors.Is(err, sqsapi.OverLimit.New("")) compare types, not texts.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Type == e.Type
}

// Fault is "Sender" or "Receiver".
func (e *Error) Fault() string {
	if e.Type.Receiver {
		return "Receiver"
	}
	return "Sender"
}

// QueryText is the message in the Query form.
func (e *Error) QueryText() string {
	if e.QueryMessage != "" {
		return e.QueryMessage
	}
	return e.Message
}
