// Package rabbit is the part of RabbitMQ's management API that clients and tools
// call, in the shapes of RabbitMQ 3.10, so that rabbitmqadmin and what was written
// for it work unchanged; integration/management asks both the same and lists all that
// differs. It is mounted under /api/ on every listener of the admin
// door; RabbitMQ's port is one line: `admin: {listen: [..., "127.0.0.1:15672"]}`.
//
// A vhost is a namespace; `/` is the default one. Who may do what is what the AMQP
// door would allow the same user: configuring declares and deletes, reading purges. Who sees
// what is as in RabbitMQ: what is in the vhosts that one may enter, and one's own
// connections, channels and consumers; with the tag monitoring those of all, and
// nodes; with administrator everything. A user of the configuration without that
// tag sees queues that it may read, and with read on all what monitoring stands for.
//
//	path                                                     state
//	overview, cluster-name, nodes, nodes/N, whoami,          yes; rates are not kept (no *_details)
//	  extensions, feature-flags, auth
//	connections (list, one, close, of a vhost), channels     yes; of the doors that keep connections
//	consumers, exchanges, queues, bindings                   yes: list, show, declare, delete; filters columns, sort,
//	                                                         page, page_size, name, use_regex
//	queues/V/Q/contents (purge), get; exchanges/V/X/publish  yes
//	vhosts                                                   list, show, create (with description and tags), delete: with all that is in it; not / nor those that the configuration names
//	tags                                                     of users that are made here: administrator, monitoring, policymaker, management;
//	                                                         who has none of them may not use the API
//	users, permissions                                       yes (accounts.go); users of the configuration are shown, and set there alone
//	topic-permissions                                        yes (topic_permissions.go), of users that are made here
//	vhost-limits, user-limits                                yes (limits.go); of vhosts, and of users that are made here; asked for at every door
//	parameters                                               of component vhost-limits (parameters.go); others are of plugins, and not there
//	global-parameters, operator-policies                     empty lists; PUT is refused
//	policies                                                 yes; settings that core.Policy has. Those of mirrors, places in a cluster, memory,
//	                                                         versions of queues and streams (core.Inert) are checked as in RabbitMQ, kept,
//	                                                         listed and exported, without effect: there is one node, and memory is bounded.
//	                                                         An import says so of each. Those of plugins are refused
//	definitions                                              export; import tells of each thing what became of it; users with their
//	                                                         passwords (rabbit_password_hashing_sha256, _sha512; those of an export of ours
//	                                                         are slipway_argon2id, which RabbitMQ takes and lets nobody log in with),
//	                                                         permissions and limits; not users of the configuration
//	aliveness-test, health/checks/*                          yes
//	traces, shovels, federation, rebalance, the UI           no
//
// Differences from RabbitMQ that matter to who makes users:
//
//   - A user who loses a permission, or whose password changes, is cut off; in
//     RabbitMQ connections that are open go on for a while, or for good.
//   - What is published to the default exchange takes write on the queue, not on
//     amq.default. Reading or writing topics, through any door, takes that
//     permission on amq.topic. Topic permissions on amq.topic are asked for at every door;
//     names in them stand for themselves (RabbitMQ takes a user's or a client's for a
//     regular expression); CC and BCC are asked for too; {client_id} is found at the MQTT
//     door alone, elsewhere nothing is. Dead letters into another topic exchange are not
//     asked for, as in RabbitMQ.
//   - An administrator who may not enter a vhost sees what is in it, and sets
//     policies there, but declares, publishes and gets by his permissions.
//   - Policies take, beside the tag policymaker, all permissions in the vhost: a
//     policy leads messages anywhere.
//   - Users and permissions of an import are one change, in force together. A password
//     that it brings in the clear is hashed first, which takes some 25 ms of a core a user;
//     what RabbitMQ keeps of one is taken as it is, and hashed once more within as long
//     after. The same import again verifies each of those, which takes it that long.
//     What became of each is answered in the end.
//   - max-connections counts AMQP, MQTT and STOMP; requests of SQS, SNS and of this API are
//     no connections. max-channels is AMQP's alone. max-queues counts what any door makes, and
//     an MQTT session from its first subscription on; not direct reply-to, nor what a FIFO
//     topic keeps, nor the configuration's queues, which are there whatever the limit. A vhost
//     over a limit keeps what it has. The limits of users are shown to administrators alone.
//   - Accounts have no access keys: for SQS and SNS the configuration names users.
//   - MQTT clients, and STOMP clients whose host names no vhost, are in `/`.
//   - A user of the configuration with tags: [administrator] is RabbitMQ's
//     administrator: of every vhost, whatever its own permissions.
//     Where none are configured, whoever is let in from this machine may; once there
//     is a user, a name that a client gives must be one, with its password. Without a
//     name, and as guest, clients are let in as before: the configuration says so.
package rabbit
