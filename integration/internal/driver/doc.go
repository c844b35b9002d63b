// Package driver runs the small programs, each in its client's language, that
// put an unmodified client library behind one protocol: a JSON object a line.
// A suite writes requests to the program's standard input and reads its answers
// from its standard output; each request has a number `n`, and the answer has
// the same. A line without `n` was not asked for: a message that arrived. The
// program ends when its input does. What the other fields mean is the suite's.
//
//	Start          runs a program until the test ends
//	Process.Ask    one request, its answer
//	Process.Send   one request; the answer is fetched later
//	Process.Lines  what nobody asked for
package driver
