package main

import (
	"encoding/binary"
	"errors"
)

const (
	frameMethod = 1
	frameHeader = 2
	frameBody   = 3
	frameEnd    = 0xce
)

// appendFrame appends a frame of channel 0 or 1.
func appendFrame(b []byte, kind byte, channel uint16, payload []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, kind), channel)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	return append(append(b, payload...), frameEnd)
}

func methodFrame(b []byte, channel uint16, method uint32, args []byte) []byte {
	return appendFrame(b, frameMethod, channel, append(binary.BigEndian.AppendUint32(nil, method), args...))
}

func shortText(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

// An amqpReader finds frames in a stream.
type amqpReader struct{ stream }

// next returns the next frame, valid until the next call, whatever its channel
// is. Before it has to wait for the network it calls idle.
func (r *amqpReader) next(idle func() error) (kind byte, payload []byte, err error) {
	for {
		total := 0
		if have := r.have(); len(have) >= 7 {
			length := binary.BigEndian.Uint32(have[3:])
			if length > 1<<28 {
				return 0, nil, errors.New("a frame's length is malformed")
			}
			if total = 8 + int(length); total <= len(have) {
				r.take(total)
				if have[total-1] != frameEnd {
					return 0, nil, errors.New("a frame does not end as it should")
				}
				return have[0], have[7 : total-1], nil
			}
		}
		if err := r.more(total, idle); err != nil {
			return 0, nil, err
		}
	}
}
