package core

import "encoding/binary"

const (
	// codecMaxDepth bounds the nesting of Array and Map in a header.
	codecMaxDepth = 32
	// codecMaxValues bounds the headers and values of one message, nested
	// ones included: a stored byte can be a Value of a hundred in memory.
	codecMaxValues = 1 << 16
	// codecValueSize is what messageSize charges a value besides its text.
	codecValueSize = 8
)

// codecCheck refuses a message that appendMessage would write and
// decodeMessage not read. Publish calls it first: what is confirmed must be
// readable.
func codecCheck(m *Message) error {
	if m.Source.Kind > ToExchange || m.ReplyTo.Kind > ToExchange {
		return errf(Invalid, "address of unknown kind")
	}
	left := codecMaxValues - len(m.Keys)
	return codecCheckHeaders(m.Headers, 0, &left)
}

func codecCheckHeaders(hs []Header, depth int, left *int) error {
	if *left -= len(hs); *left < 0 {
		return errf(TooLarge, "more than %d header values", codecMaxValues)
	}
	for i := range hs {
		if err := codecCheckValue(&hs[i].Value, depth, left); err != nil {
			return err
		}
	}
	return nil
}

func codecCheckValue(v *Value, depth int, left *int) error {
	if v.Kind < Array {
		return nil
	}
	if v.Kind > Map {
		return errf(Invalid, "header value of unknown kind")
	}
	if depth == codecMaxDepth {
		return errf(Invalid, "header nested deeper than %d", codecMaxDepth)
	}
	if v.Kind == Map {
		return codecCheckHeaders(v.Map, depth+1, left)
	}
	if *left -= len(v.List); *left < 0 {
		return errf(TooLarge, "more than %d header values", codecMaxValues)
	}
	for i := range v.List {
		if err := codecCheckValue(&v.List[i], depth+1, left); err != nil {
			return err
		}
	}
	return nil
}

func codecAppendBytes[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func codecAppendAddress(dst []byte, a Address) []byte {
	dst = codecAppendBytes(append(dst, byte(a.Kind)), a.Name)
	if a.Kind == ToExchange {
		dst = codecAppendBytes(dst, a.Key)
	}
	return dst
}

func codecAppendHeaders(dst []byte, hs []Header) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(hs)))
	for i := range hs {
		dst = codecAppendBytes(dst, hs[i].Name)
		dst = codecAppendValue(dst, &hs[i].Value)
	}
	return dst
}

// codecAppendValue writes the kind and then only what that kind names.
func codecAppendValue(dst []byte, v *Value) []byte {
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case String, Number:
		return codecAppendBytes(dst, v.Str)
	case Bytes:
		return codecAppendBytes(dst, v.Raw)
	case Bool:
		if v.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	case Int, Time:
		return binary.AppendVarint(dst, int64(v.num))
	case Uint:
		return binary.AppendUvarint(dst, v.num)
	case Float:
		return binary.BigEndian.AppendUint64(dst, v.num)
	case Array:
		dst = binary.AppendUvarint(dst, uint64(len(v.List)))
		for i := range v.List {
			dst = codecAppendValue(dst, &v.List[i])
		}
	case Map:
		return codecAppendHeaders(dst, v.Map)
	}
	return dst // Null: nothing
}

func codecHeadersSize(hs []Header) int {
	n := 0
	for i := range hs {
		n += len(hs[i].Name) + codecValueBytes(&hs[i].Value)
	}
	return n
}

func codecValueBytes(v *Value) int {
	n := codecValueSize
	switch v.Kind {
	case String, Number:
		n += len(v.Str)
	case Bytes:
		n += len(v.Raw)
	case Array:
		for i := range v.List {
			n += codecValueBytes(&v.List[i])
		}
	case Map:
		n += codecHeadersSize(v.Map)
	}
	return n
}
