// Package wire is the bytes of STOMP 1.0, 1.1 and 1.2: a Reader that takes them
// in pieces of any size and returns frames, and functions that append frames.
// It knows no command but CONNECT and CONNECTED, which are never escaped.
//
// # Support, by version
//
//	frames, repeated headers (the first counts)   1.0 1.1 1.2
//	content-length and NUL-terminated bodies      1.0 1.1 1.2; at most Limits.Body
//	escapes \n \c \\                              1.1 1.2; 1.0 has none: what cannot be said is a space there
//	escape \r, lines that end in CR LF            1.2; a blank line may have a CR in every version
//	spaces around names and values are cut        1.0, whose specification writes them; later they count
//	undefined escapes                             refused (1.1, 1.2), as their specifications say
//	heart-beats                                   line ends between frames, in every version
//
// # Not obvious
//
//   - What is read of a frame is lent: Frame and its Body until the next call. The
//     strings are the frame's own.
//   - Nothing is allocated for a length that a client only claims: a body grows
//     with what arrives.
//   - The version of a CONNECT is not known before it was read: its lines may end
//     in CR LF, nothing in it is unescaped, and without accept-version its spaces
//     are cut.
package wire
