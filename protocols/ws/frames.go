package ws

import (
	"encoding/binary"
	"fmt"

	"github.com/gorilla/websocket"
)

// frames takes the payload of messages out of a client's frames (5.2). It keeps
// what a piece of input leaves unfinished; pieces may be of any size.
type frames struct {
	max     int64                               // bytes of a message
	control func(op byte, payload []byte) error // a whole control frame; payload is lent

	head     [14]byte // of the frame whose head is incomplete
	have     int      // bytes of it; 0 if none
	left     int64    // bytes of the payload that are to come
	mask     [4]byte
	at       int       // how far the mask is
	op       byte      // of the frame
	fin      bool      // of the frame
	within   bool      // a message is not complete
	size     int64     // bytes of the message so far
	text     bool      // a message was text
	small    [125]byte // payload of a control frame
	smallLen int
}

// errFrame is a client's mistake, and the code to tell it with.
type errFrame struct {
	code int
	text string
}

func (e *errFrame) Error() string { return fmt.Sprintf("websocket: %s (%d)", e.text, e.code) }

func badFrame(text string) error { return &errFrame{websocket.CloseProtocolError, text} }

var errText = &errFrame{websocket.CloseUnsupportedData, "a text message"}

const (
	opContinuation = 0
	opText         = websocket.TextMessage
	opBinary       = websocket.BinaryMessage
	opClose        = websocket.CloseMessage
	opPing         = websocket.PingMessage
	opPong         = websocket.PongMessage
)

// decode takes all of b and leaves the payload at its beginning, n bytes. With
// an error there is no more.
func (f *frames) decode(b []byte) (n int, err error) {
	for in := b; len(in) > 0; {
		if f.left == 0 {
			if in, err = f.header(in); err != nil {
				return n, err
			}
			if f.left > 0 || f.have > 0 {
				continue
			}
		}
		piece := in[:min(int64(len(in)), f.left)]
		in = in[len(piece):]
		f.unmask(piece)
		f.left -= int64(len(piece))
		if f.op < opClose {
			n += copy(b[n:], piece)
		} else {
			f.smallLen += copy(f.small[f.smallLen:], piece)
		}
		if f.left == 0 {
			if err := f.end(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// header takes what there is of a frame's head. When it is complete, have is 0
// and left is the length of the payload.
func (f *frames) header(in []byte) ([]byte, error) {
	need := 2
	for {
		taken := copy(f.head[f.have:max(need, f.have)], in)
		f.have, in = f.have+taken, in[taken:]
		if f.have < need {
			return in, nil
		}
		if need > 2 {
			break
		}
		if f.head[1]&0x80 == 0 {
			return in, badFrame("a frame that is not masked")
		}
		need = headSize(f.head[1])
	}
	length := uint64(f.head[1] & 0x7f)
	switch length {
	case 126:
		length = uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		length = binary.BigEndian.Uint64(f.head[2:])
	}
	copy(f.mask[:], f.head[need-4:need])
	f.have, f.at, f.smallLen = 0, 0, 0
	return in, f.begin(f.head[0], length)
}

// headSize is that of a masked frame's head, by its second byte.
func headSize(second byte) int {
	switch second & 0x7f {
	case 126:
		return 2 + 2 + 4
	case 127:
		return 2 + 8 + 4
	}
	return 2 + 4
}

// begin checks a frame's head.
func (f *frames) begin(first byte, length uint64) error {
	f.op, f.fin = first&0xf, first&0x80 != 0
	switch {
	case first&0x70 != 0:
		return badFrame("a bit of an extension, and there is none")
	case f.op >= opClose && (!f.fin || length > 125):
		return badFrame("a control frame in fragments, or too long")
	case f.op > opPong || f.op > opBinary && f.op < opClose:
		return badFrame("an unknown opcode")
	case f.op < opClose && f.within != (f.op == opContinuation):
		return badFrame("fragments out of order")
	}
	if f.op < opClose {
		if f.op != opContinuation {
			f.size, f.text = 0, f.text || f.op == opText
		}
		if length > uint64(f.max-f.size) {
			return &errFrame{websocket.CloseMessageTooBig, fmt.Sprintf("a message of more than %d bytes", f.max)}
		}
		f.within = !f.fin
		f.size += int64(length)
	}
	f.left = int64(length)
	return nil
}

func (f *frames) unmask(b []byte) {
	for len(b) >= 8 && f.at == 0 {
		word := uint64(binary.LittleEndian.Uint32(f.mask[:]))
		word |= word << 32
		for len(b) >= 8 {
			binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
			b = b[8:]
		}
	}
	for i := range b {
		b[i] ^= f.mask[f.at]
		f.at = (f.at + 1) & 3
	}
}

// end is called after a frame's last byte.
func (f *frames) end() error {
	if f.op < opClose {
		return nil
	}
	return f.control(f.op, f.small[:f.smallLen])
}
