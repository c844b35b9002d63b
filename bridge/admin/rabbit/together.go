package rabbit

import (
	"sync"
	"sync/atomic"
)

// together calls f for 0 to n-1, up to so many at once, and returns when all have.
// A panic of one is its caller's, as if it had called f itself.
func together(n, atOnce int, f func(i int)) {
	var next atomic.Int64
	var panicked atomic.Pointer[any]
	var all sync.WaitGroup
	for range min(n, atOnce) {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panicked.Store(&p)
				}
			}()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	all.Wait()
	if p := panicked.Load(); p != nil {
		panic(*p)
	}
}
