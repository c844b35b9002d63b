package wire

import "fmt"

// Code is a reply code (1.1 of the specification).
type Code uint16

// String is the code as RabbitMQ spells it: ACCESS_REFUSED.
func (c Code) String() string {
	if name := codeNames[c]; name != "" {
		return name
	}
	return fmt.Sprintf("CODE_%d", uint16(c))
}

// Hard says that an error of this code closes the connection.
func (c Code) Hard() bool { return hard[c] }

// Error is what is told to a client by connection.close or channel.close.
type Error struct {
	Code   Code
	Detail string
	Method MethodID // whose execution failed; 0: of no method
	Fatal  bool     // it closes the connection although the code is soft
}

// Text is the reply text: the code's name and the detail.
func (e *Error) Text() string { return e.Code.String() + " - " + e.Detail }

func (e *Error) Error() string {
	if e.Method == 0 {
		return e.Text()
	}
	return e.Method.String() + ": " + e.Text()
}

// Closes says that the error ends the connection, not only a channel.
func (e *Error) Closes() bool { return e.Fatal || e.Code.Hard() }

// Errorf makes an Error of no method.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}
