// Package admin is the door for operators and their programs: health, metrics,
// profiles on request, and a small JSON interface to look and to clean up.
//
// A request goes through guard and login (access.go), then to one of the rows
// of the table in admin.go. Handlers read the core's snapshots; none holds a
// lock while it writes, and no answer grows without bound.
//
//	path                               method  needs
//	/                                  GET     nothing: names what is here
//	/healthz                           GET     nothing: 200 while the process is alive and its store has not failed
//	/readyz                            GET     nothing: 200 while new messages are taken, else 503 and why
//	/metrics                           GET     read on all; Prometheus' text format
//	/v1/overview                       GET     read on all
//	/v1/queues?prefix=&hidden=&after=  GET     shows the queues that one may read, 1,000 at a time
//	/v1/queues/{name}                  GET     read on it
//	/v1/queues/{name}/purge            POST    configure on it
//	/v1/topics                         GET     shows those that one may read
//	/v1/sessions                       GET     read on every queue
//	/v1/connections                    GET     read on all
//	/v1/connections/{id}               DELETE  configure on all
//	/v1/hold                           PUT     configure on all: publishes wait, for the reason of the body, until DELETE
//	/api/...                                   RabbitMQ's management API: package rabbit
//	/debug/pprof/...                   GET     configure on all; only with Config.Profiles; mutex and
//	                                           block record while they are asked for (?seconds=, 10)
//	console                            absent
//
// "On all" is on every queue, for a user of the default namespace: what is not of
// one namespace is not for who administers another. The tag administrator stands for both.
//
// Every path under /v1 takes ?namespace=NAME; without it, the default one. A
// name with a `/` is written with %2F.
//
// Who asks: where there are users, one of them by HTTP basic authentication (of
// those that the management API made, who has one of RabbitMQ's tags: monitoring
// stands for read, and administrator for configure, on every queue); on a listener that lets anonymous clients in, anybody, who
// may do everything. What a browser may have been tricked into is refused as on
// the AWS door (awsapi.Guard): without credentials by Host and Origin, with
// them by Origin, since a browser adds them on its own.
//
// Metrics name at most 50 queues, the longest that are not hidden; totals count
// all. A scrape reads the counts of every queue, about a microsecond each.
package admin
