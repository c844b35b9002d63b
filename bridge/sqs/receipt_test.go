package sqs

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

func FuzzReceipt(f *testing.F) {
	f.Add("q", receiptHandle("q", core.Receipt{Incarnation: 1 << 40, Seq: 7, Lane: 255, Lease: 3}))
	f.Add("q", "")
	f.Add("other", receiptHandle("q", core.Receipt{Seq: 1}))
	f.Fuzz(func(t *testing.T, queue, handle string) {
		r, err := parseReceipt(queue, handle)
		if err != nil {
			return
		}
		if again := receiptHandle(queue, r); again != handle {
			t.Errorf("%q is %+v, which is %q", handle, r, again)
		}
	})
}
