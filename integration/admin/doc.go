// Package admin drives the admin door of the built binary with the tools that
// operators have: rabbitmqadmin, unmodified, as Debian's rabbitmq-server brings
// it. It is skipped where that is missing, but never in CI.
package admin
