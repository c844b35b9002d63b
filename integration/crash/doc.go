// Package crash kills the broker, fills its disk, and counts.
//
// The ledger (ledger_test.go): publishers by MQTT (QoS 1) and SQS (SendMessage
// and its batch) note every message that was confirmed to them, and a consumer
// every deletion that was. The process is killed with SIGKILL at a random
// moment and started again on the same directory, time after time. In the end
// every confirmed message is in the queues and in an MQTT session that was away
// all the time, once each; nothing deleted has come back; nothing is there that
// nobody sent; and the counts that SQS tells are exact.
//
// QoS 2 (qos2_test.go): raw MQTT 3.1.1 clients that keep their side of every
// exchange over reconnects publish, subscribe, and break connections themselves,
// and the broker is killed at a random packet, time after time, with messages in
// every phase. Each message comes to each subscriber once, in its publisher's
// order, byte for byte. SLIPWAY_TEST_QOS2 is the number of messages, 3,000 a kill.
//
// QoS 1 (ids_test.go): what a connected client had not acknowledged comes again after
// each of two kills under the packet id that it had, with DUP.
//
// FIFO (fifo_test.go): senders send each batch again until it is confirmed, and
// the last one once more after each restart; receivers delete. No body is two
// messages, each group's order is kept, nothing deleted comes back, nothing is
// lost. (A message whose deletion was not confirmed may come again.) They send to a
// FIFO queue, and to a FIFO topic with an archive that the queue subscribed to.
//
// SNS (endpoint_test.go): what is published to a topic is posted to an HTTP endpoint
// that takes a part at the second try and a part never. After the kills every
// confirmed message was taken, or is in the dead-letter queue once, if the endpoint
// refuses it.
//
// AMQP (amqp_test.go): publishers with confirms through an exchange that is bound
// to another, and workers that in one transaction acknowledge a piece of work and
// put its result into two queues. After the kills every confirmed message is in
// both queues of the exchanges once, and each piece of work is there still or its
// result is in both queues once.
//
// STOMP (stomp_test.go): what had its RECEIPT. Sends are there, acknowledged messages
// do not come back, and of each transaction over three queues there is all or nothing.
//
// Management (management_test.go): queues, exchanges, policies, vhosts, users and
// permissions are set and deleted through HTTP. After each kill each is what was answered last, or
// what had been asked for when the broker went.
//
// kill -9 keeps the kernel's page cache, so a broker that never syncs would
// pass: power cuts are simulated in cmd/slipway (power_test.go).
//
// The clients of the ledger, of AMQP, of STOMP and of QoS 2 are spread over TCP, TLS,
// ws and wss; packet ids and the full disk are run over each.
//
// SIGTERM under load (stop_test.go): the ledger and the AMQP ledger once more, with
// a stop instead of a kill, which exits with 0 and within ten seconds; and the same
// under clients of every door over each of the four.
//
// The full disk (disk_test.go): a tmpfs that is filled below the watermark, by
// messages alone, and to the last byte, and emptied again; through every door. It
// needs root for the mount.
//
//	                     confirmed messages, kills    QoS 2            FIFO         STOMP
//	CI=true              50,000 and more, 6           100,000, 33      10,000, 5    32,000 and more, 4
//	SLIPWAY_TEST_MILLION 800,000 and more, 20         100,000, 33      100,000, 20  as else
//	else                 5,000 and more, 2            5,000, 2         2,000, 2     5,000 and more, 2
//
// (FIFO is run twice, for the queue and for the topic: a million is 1,100,000 at
// the least. On the 28th of November 2026 it was 889,857 in 20 kills, 100,000 in
// 33, 100,000 in 20 and in 20: nothing lost, nothing invented, in 404 s.)
package crash
