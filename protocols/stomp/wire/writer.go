package wire

import "strconv"

// AppendCommand begins a frame. Headers follow, then AppendLength or AppendEnd.
func AppendCommand(dst []byte, command string) []byte {
	return append(append(dst, command...), '\n')
}

// AppendHeader appends one header, escaped as the version does.
func AppendHeader(dst []byte, v Version, name, value string) []byte {
	dst = append(appendEscaped(dst, v, name), ':')
	return append(appendEscaped(dst, v, value), '\n')
}

// AppendRaw appends a header of CONNECTED, which is never escaped: what would
// break the frame is a space.
func AppendRaw(dst []byte, name, value string) []byte { return AppendHeader(dst, V10, name, value) }

// AppendNumber appends a header whose value is a number.
func AppendNumber(dst []byte, name string, n int64) []byte {
	dst = append(append(dst, name...), ':')
	return append(strconv.AppendInt(dst, n, 10), '\n')
}

// AppendLength ends the headers of a frame whose body, and a NUL, follow.
func AppendLength(dst []byte, n int) []byte {
	return append(AppendNumber(dst, "content-length", int64(n)), '\n')
}

// AppendEnd ends a frame without a body.
func AppendEnd(dst []byte) []byte { return append(dst, '\n', 0) }
