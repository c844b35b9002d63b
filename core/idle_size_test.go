package core

import (
	"reflect"
	"testing"
	"unsafe"
)

// TouchedShared names what idle queues share and somebody wrote to; TestMain asks
// when every test has run.
func TouchedShared() string {
	switch {
	case !reflect.DeepEqual(nobody, &takers{}):
		return "nobody"
	case !reflect.DeepEqual(nowhere, &apart{}):
		return "nowhere"
	}
	return ""
}

// What an idle queue is made of fills its size class of Go's heap: one field more
// costs each queue 32 bytes or 16.
func TestIdleQueueSize(t *testing.T) {
	if n := unsafe.Sizeof(Queue{}); n > 256 {
		t.Errorf("a Queue has %d bytes, over 256: what few queues need belongs in takers", n)
	}
	if n := unsafe.Sizeof(qstate{}); n > 80 {
		t.Errorf("a qstate has %d bytes, over 80: what few queues need belongs in apart", n)
	}
}
