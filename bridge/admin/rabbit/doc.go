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
//	users, permissions                                       list and show; the configuration sets them: PUT and DELETE are refused
//	topic-permissions, parameters, global-parameters,        empty lists; PUT is refused
//	  operator-policies, vhost-limits
//	policies                                                 yes; settings that core.Policy has
//	definitions                                              export; import tells of each thing what became of it
//	aliveness-test, health/checks/*                          yes
//	traces, shovels, federation, rebalance, the UI           no
//	users and permissions in an export                       no: the hashes are of other kinds than RabbitMQ's
package rabbit
