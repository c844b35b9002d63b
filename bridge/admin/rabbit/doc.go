// Package rabbit is the part of RabbitMQ's management API that clients and tools
// call, in the shapes of RabbitMQ 3.10, so that rabbitmqadmin and what was written
// for it work unchanged. It is mounted under /api/ on every listener of the admin
// door; RabbitMQ's port is one line: `admin: {listen: [..., "127.0.0.1:15672"]}`.
//
// A vhost is a namespace; `/` is the default one. Who may see and do what is what
// the AMQP door would allow the same user: reading shows, configuring declares,
// purges and deletes. What is of no one queue (connections, nodes, definitions)
// takes the permission for all.
//
//	path                                                     state
//	overview, cluster-name, nodes, nodes/N, whoami,          yes; rates are not kept (no *_details)
//	  extensions, feature-flags, auth
//	connections (list, one, close, of a vhost), channels     yes; of the doors that keep connections
//	consumers, exchanges, queues, bindings                   yes: list, show, declare, delete; filters columns, sort,
//	                                                         page, page_size, name, use_regex
//	queues/V/Q/contents (purge), get; exchanges/V/X/publish  yes
//	vhosts                                                   list, show, create; not deleted
//	tags                                                     of users that are made here: administrator, monitoring, policymaker, management;
//	                                                         who has none of them may not use the API
//	users, permissions                                       yes (accounts.go); users of the configuration are shown, and set there alone
//	topic-permissions, parameters, global-parameters,        empty lists; PUT is refused
//	  operator-policies, vhost-limits
//	policies                                                 yes; settings that core.Policy has
//	definitions                                              export; import tells of each thing what became of it; users with their
//	                                                         passwords (rabbit_password_hashing_sha256, _sha512) and permissions
//	aliveness-test, health/checks/*                          yes
//	traces, shovels, federation, rebalance, the UI           no
//	users and permissions in an export                       no: the hashes are of other kinds than RabbitMQ's
//
// Differences from RabbitMQ that matter to who makes users:
//
//   - A user who loses a permission, or whose password changes, is cut off; in
//     RabbitMQ connections that are open go on for a while, or for good.
//   - What is published to the default exchange takes write on the queue, not on
//     amq.default. Reading or writing topics, through any door, takes that
//     permission on amq.topic; there are no topic permissions.
//   - An administrator who may not enter a vhost sees what is in it, and sets
//     policies there, but declares, publishes and gets by his permissions.
//   - Connections and the overview are shown to monitoring and administrator
//     alone; RabbitMQ shows others their own.
//   - Accounts have no access keys: for SQS and SNS the configuration names users.
//   - MQTT clients, and STOMP clients whose host names no vhost, are in `/`.
//   - Users of the configuration make others only with tags: [administrator].
//     Where none are configured, whoever is let in from this machine may; once there
//     is a user, a name that a client gives must be one, with its password. Without a
//     name, and as guest, clients are let in as before: the configuration says so.
package rabbit
