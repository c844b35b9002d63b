package match

import "strings"

// A level in a key is its bytes, with 00 written as 00 FF, then 00 01. No
// encoded level is a prefix of another, and 00 sorts before any byte that
// could follow, so keys sort as the lists of levels do and everything below a
// path is one range: from its key to its key with the last 01 made 02.
const (
	mark       = 0x00
	levelEnd   = 0x01
	pastLevel  = 0x02
	markItself = 0xFF
)

// EncodeLevels appends a path's key to dst: keys sort as lists of levels do.
// The empty path has the empty key.
func EncodeLevels(dst []byte, path string) []byte {
	for l := levelsOf(path); l.more; {
		dst = appendLevel(dst, l.next())
	}
	return dst
}

func appendLevel(dst []byte, level string) []byte {
	for {
		i := strings.IndexByte(level, mark)
		if i < 0 {
			break
		}
		dst = append(append(dst, level[:i]...), mark, markItself)
		level = level[i+1:]
	}
	return append(append(dst, level...), mark, levelEnd)
}

// DecodeLevels is the path of a key; false for bytes that no path has as key.
func DecodeLevels(key []byte) (string, bool) {
	var path strings.Builder
	path.Grow(len(key))
	for at := 0; at < len(key); {
		end := levelAfter(key, at)
		if end < 0 {
			return "", false
		}
		if at > 0 {
			path.WriteByte('/')
		}
		for ; at < end-2; at++ {
			if key[at] == '/' {
				return "", false
			}
			path.WriteByte(key[at])
			if key[at] == mark {
				at++
			}
		}
		at = end
	}
	if path.Len() == 0 && len(key) > 0 {
		return "", false // a single empty level is no path
	}
	return path.String(), true
}

// levelAfter is where the level that begins at a key's byte `at` ends, its
// terminator included; negative if it does not.
func levelAfter(key []byte, at int) int {
	for ; at+1 < len(key); at++ {
		if key[at] != mark {
			continue
		}
		switch key[at+1] {
		case levelEnd:
			return at + 2
		case markItself:
			at++
		default:
			return -1
		}
	}
	return -1
}
