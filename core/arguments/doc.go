// Package arguments turns RabbitMQ's arguments of queues and exchanges into the
// core's options and back. Every door through which such things are declared
// (AMQP, STOMP's headers, the management API) uses it, so that a declaration is
// the same declaration wherever it comes from.
//
//	queue argument            option
//	x-message-ttl             MessageTTL; 0: Immediately
//	x-expires                 Expires
//	x-max-length              MaxLength; 0: none
//	x-max-length-bytes        MaxBytes, of bodies; 0: none
//	x-overflow                Overflow: drop-head, reject-publish, reject-publish-dlx
//	x-dead-letter-exchange    DeadLetter, an exchange
//	x-dead-letter-routing-key its key; without it, dead letters keep theirs
//	x-max-priority            MaxPriority; without it, or 0, Ordered
//	x-single-active-consumer  SingleActive
//	x-delivery-limit          MaxDeliveries, one more: the first delivery is no redelivery
//	x-queue-type              classic and quorum, kept and shown; there is one kind of queue
//	x-queue-mode              default and lazy, kept and shown; deep queues are always on disk
//	x-queue-type stream       refused
//	any other                 kept and shown, without effect, as in RabbitMQ
//
//	exchange argument         option
//	alternate-exchange        Alternate
//	x-delayed-type            DelayedKind
//	hash-header               HashHeader
//	hash-property             HashProperty
//
// All arguments are kept as they came in the attribute Kept (table.go). What makes
// two declarations differ is what RabbitMQ compares: the options, and of the
// arguments those of the table.
package arguments
