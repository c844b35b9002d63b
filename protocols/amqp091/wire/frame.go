package wire

import "encoding/binary"

// FrameType is the first byte of a frame (4.2.3).
type FrameType byte

// The types of frames.
const (
	FrameMethod    FrameType = 1
	FrameHeader    FrameType = 2
	FrameBody      FrameType = 3
	FrameHeartbeat FrameType = 8
)

const (
	frameEnd  = 0xCE
	frameHead = 7 // type, channel, length

	// FrameOverhead is what a frame has beside its payload.
	FrameOverhead = frameHead + 1

	// MinFrameMax is the least that either side may ask for.
	MinFrameMax = 4096
	// MaxHandshake is a good Reader.Max until the connection is tuned: a
	// mechanism's response may be a token of some KiB.
	MaxHandshake = 8192
)

// ProtocolHeader is what a 0-9-1 client sends first, and what a server answers
// to another.
const ProtocolHeader = "AMQP\x00\x00\x09\x01"

// A Frame is one whole frame. Payload is lent until the next call of Next, or, if
// it is Given, the caller's to keep.
type Frame struct {
	Type    FrameType
	Channel uint16
	Payload []byte
	Given   bool
}

// Reader cuts a stream into frames.
type Reader struct {
	Max  int // longest frame accepted, its head and end included
	held []byte
	used bool // the last frame was in held

	body    []byte // what came of a large body frame
	need    int    // how long that payload is; 0: there is none
	channel uint16
}

// Next returns the first whole frame of what was kept before and buf, and how
// many bytes of buf it took. Without a whole frame Type is 0 and all of buf has
// been taken. After an error the Reader is of no more use.
func (r *Reader) Next(buf []byte) (f Frame, n int, err error) {
	if r.used {
		r.forget()
	}
	if r.need > 0 {
		return r.large(buf)
	}
	if len(r.held) == 0 {
		if f, n, err = r.whole(buf); err != nil || n > 0 {
			return f, n, err
		}
		size := frameHead
		if len(buf) >= frameHead {
			size, _ = r.size(buf) // it has been looked at
			if r.isLarge(buf, size) {
				f, n, err = r.large(buf[frameHead:])
				return f, frameHead + n, err
			}
		}
		return f, r.fill(buf, size), nil
	}
	n = r.fill(buf, frameHead)
	if len(r.held) >= frameHead {
		size, err := r.size(r.held)
		if err != nil {
			return f, n, err
		}
		if len(r.held) == frameHead && r.isLarge(r.held, size) {
			r.forget()
			f, more, err := r.large(buf[n:])
			return f, n + more, err
		}
		n += r.fill(buf[n:], size)
		if len(r.held) == size {
			r.used = true
			f, _, err = r.whole(r.held)
			f.Given = cap(r.held) > keep // forget lets go of it
			return f, n, err
		}
	}
	return Frame{}, n, nil
}

// fill takes of buf what is missing to want bytes. Memory grows with what comes,
// not with what was said to come: to all of a frame once a quarter of it is there.
func (r *Reader) fill(buf []byte, want int) int {
	n := max(0, min(len(buf), want-len(r.held)))
	if have := len(r.held) + n; have > cap(r.held) {
		r.held = append(make([]byte, 0, max(have, min(want, 4*have))), r.held...)
	}
	r.held = append(r.held, buf[:n]...)
	return n
}

// largeBody is from when a body's frame is received in memory of its own, exactly as
// long as its payload.
const largeBody = 12 << 10

// isLarge says whether a frame that is not whole is a large body's, and has it
// received as one.
func (r *Reader) isLarge(head []byte, size int) bool {
	if FrameType(head[0]) != FrameBody || size-FrameOverhead < largeBody {
		return false
	}
	r.need, r.channel = size-FrameOverhead, binary.BigEndian.Uint16(head[1:])
	return true
}

// large takes the rest of a large body's frame.
func (r *Reader) large(buf []byte) (f Frame, n int, err error) {
	n = min(len(buf), r.need-len(r.body))
	r.grow(n)
	r.body = append(r.body, buf[:n]...)
	if len(r.body) < r.need || n == len(buf) {
		return f, n, nil
	}
	if buf[n] != frameEnd {
		return f, n, Errorf(FrameError, "a frame that ends with 0x%02x", buf[n])
	}
	f = Frame{Type: FrameBody, Channel: r.channel, Payload: r.body, Given: true}
	r.body, r.need = nil, 0
	return f, n + 1, nil
}

// grow makes room for n more bytes of a large body, as fill does.
func (r *Reader) grow(n int) {
	if have := len(r.body) + n; have > cap(r.body) {
		r.body = append(make([]byte, 0, max(have, min(r.need, 4*have))), r.body...)
	}
}

// Room is where what comes next may be put rather than given to Next: the rest of a
// large body, as much as there is memory for.
func (r *Reader) Room() []byte { return r.body[len(r.body):cap(r.body)] }

// Landed says that the first n bytes of Room have come.
func (r *Reader) Landed(n int) { r.body = r.body[:len(r.body)+n] }

// keep is the buffer that a Reader holds on to between frames.
const keep = 4096

func (r *Reader) forget() {
	if r.used, r.held = false, r.held[:0]; cap(r.held) > keep {
		r.held = nil
	}
}

// size is the length of the frame that begins with a whole head.
func (r *Reader) size(b []byte) (int, error) {
	switch t := FrameType(b[0]); t {
	case FrameMethod, FrameHeader, FrameBody, FrameHeartbeat:
	default:
		return 0, Errorf(FrameError, "unknown frame type %d", b[0])
	}
	n := binary.BigEndian.Uint32(b[3:])
	if uint64(n)+FrameOverhead > uint64(r.Max) {
		return 0, Errorf(FrameError, "a frame of %d bytes, %d are allowed", uint64(n)+FrameOverhead, r.Max)
	}
	return int(n) + FrameOverhead, nil
}

// whole returns the frame at the front of b; n is 0 if it is not all there.
func (r *Reader) whole(b []byte) (f Frame, n int, err error) {
	if len(b) < frameHead {
		return f, 0, nil
	}
	if n, err = r.size(b); err != nil {
		return f, 0, err
	}
	if len(b) < n {
		return f, 0, nil
	}
	if b[n-1] != frameEnd {
		return f, 0, Errorf(FrameError, "a frame that ends with 0x%02x", b[n-1])
	}
	return Frame{Type: FrameType(b[0]), Channel: binary.BigEndian.Uint16(b[1:]), Payload: b[frameHead : n-1 : n-1]}, n, nil
}

// beginFrame appends a frame's head with the length still to be set.
func beginFrame(dst []byte, t FrameType, channel uint16) (b []byte, at int) {
	at = len(dst)
	return append(dst, byte(t), byte(channel>>8), byte(channel), 0, 0, 0, 0), at
}

func beginMethod(dst []byte, channel uint16, m MethodID) (b []byte, at int) {
	at = len(dst)
	return append(dst, byte(FrameMethod), byte(channel>>8), byte(channel), 0, 0, 0, 0,
		byte(m>>24), byte(m>>16), byte(m>>8), byte(m)), at
}

// endFrame sets the length of the frame that began at and ends it.
func endFrame(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at+3:], uint32(len(dst)-at-frameHead))
	return append(dst, frameEnd)
}

// AppendHeartbeat appends a heartbeat frame.
func AppendHeartbeat(dst []byte) []byte {
	dst, at := beginFrame(dst, FrameHeartbeat, 0)
	return endFrame(dst, at)
}
