//go:build race

package match

// raceEnabled makes the exhaustive tests of pure functions smaller: the
// detector has nothing to find there and takes many times as long.
const raceEnabled = true
