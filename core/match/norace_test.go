//go:build !race

package match

import "testing"

const raceEnabled = false

// Not under the race detector, where sync.Pool throws things away on purpose.
func TestTreeAllocates(t *testing.T) {
	tree, n := manyFilters(1000), 0
	tree.Add(Filter{"#/17/#/state"}, 1)
	if got := testing.AllocsPerRun(1000, func() { tree.Match("site/7/device/17/state", func(int) { n++ }) }); got != 0 {
		t.Errorf("%v allocations a match", got)
	}
	if n == 0 {
		t.Error("nothing matched")
	}
}
