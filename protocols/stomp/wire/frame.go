package wire

// A Header is one line of a frame, unescaped.
type Header struct{ Name, Value string }

// A Frame is one of either side. Command is "" where there is none.
type Frame struct {
	Command string
	Headers []Header // in order, repeated ones too
	Body    []byte
	Sized   bool // it had a content-length
	Given   bool // Body is the caller's to keep; else it is lent
}

// Get is the first header of a name: repeated ones do not count (STOMP 1.2,
// Repeated Header Entries).
func (f *Frame) Get(name string) (value string, ok bool) {
	for i := range f.Headers {
		if f.Headers[i].Name == name {
			return f.Headers[i].Value, true
		}
	}
	return "", false
}

// Value is Get, "" for none.
func (f *Frame) Value(name string) string {
	v, _ := f.Get(name)
	return v
}

// An Error is what is wrong with the bytes of a frame: the connection cannot go
// on.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }
