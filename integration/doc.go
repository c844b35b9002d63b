// Package integration drives the built binary from outside with unmodified
// clients. Nothing in this folder imports anything of ours but what is in it:
// a client that we wrote ourselves would share our mistakes.
//
//	rules/        the rules of the house, checked on the source
//	readme/       the README's shell snippets, executed
//	management/   RabbitMQ's management API, asked of a live RabbitMQ and of ours side by side
//	...           one folder per protocol, cross/, crash/, bench/
//
// What a suite needs from the machine is installed by .ci/run. Outside CI a
// suite that lacks it is skipped; with CI=true it fails.
package integration
