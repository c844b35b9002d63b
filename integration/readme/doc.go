// Package readme executes the README: what it tells a new user to type is
// typed here, word for word, against the built binary on the default ports.
// What a fence of the README is for stands behind its language:
//
//	```yaml file=NAME    a configuration; written to NAME
//	```sh server         starts the broker, which runs until the next such fence
//	```sh run            typed into one shell that lives as long as the README
//	```text              after a run: its output has these lines, in this order
//	```sh test           the test command; .ci/run runs it
//	```sh list           calls of slipway; cmd/slipway looks whether there are such
//	```sh docker         not run here, only parsed
//
// Only `go run ./cmd/slipway` is replaced, by the binary that was built of it,
// and the working directory is a fresh one.
package readme
