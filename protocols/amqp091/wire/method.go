package wire

import (
	"encoding/binary"
	"fmt"
)

// MethodID is a class id and a method id.
type MethodID uint32

// Class and Method are its halves.
func (m MethodID) Class() uint16  { return uint16(m >> 16) }
func (m MethodID) Method() uint16 { return uint16(m) }

// String is the name, basic.publish.
func (m MethodID) String() string {
	if name := methodNames[m]; name != "" {
		return name
	}
	return fmt.Sprintf("method %d of class %d", m.Method(), m.Class())
}

// Known says that there is such a method.
func (m MethodID) Known() bool { return methodNames[m] != "" }

// SplitMethod takes a method frame's payload apart.
func SplitMethod(payload []byte) (m MethodID, args []byte, err error) {
	if len(payload) < 4 {
		return 0, nil, Errorf(FrameError, "a method frame of %d bytes", len(payload))
	}
	return MethodID(binary.BigEndian.Uint32(payload)), payload[4:], nil
}
