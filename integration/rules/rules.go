package rules

// rules are all there are; each returns its violations.
var rules = []struct {
	name  string
	check func(*tree) []string
}{
	{"imports", imports},
	{"docs", docs},
	{"package names", packageNames},
	{"generated", generated},
	{"top level", top},
	{"no sleep", noSleep},
	{"pure core", pureCore},
	{"sizes", sizes},
}
