// Package rules checks the rules of the house on the source, without building
// it. The table of imports is in imports.go; each rule is a function from a
// parsed tree to violations, listed in rules.go. A rule that cannot fail is
// worse than none, so rules_test.go plants at least one violation of each in a
// tree of its own and wants it found, and only it.
//
//	rule                                                        here
//	who may import whom                                         imports.go
//	every package has a doc.go with a package comment           files.go
//	no package called util, common, types, models, ...          files.go
//	generated files, and only they, are prefixed z              files.go
//	nothing unexpected at the top level                         files.go
//	no time.Sleep, in tests neither but in synctest's bubbles    calls.go
//	core takes clock, randomness and files from its caller      calls.go
//	no hand-written file is over 700 lines, no function over 100  sizes.go
//
// What needs types (unchecked errors, unused code) is golangci-lint's.
package rules
