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
// kill -9 keeps the kernel's page cache, so a broker that never syncs would
// pass: power cuts are simulated in cmd/slipway (power_test.go).
//
// The full disk (disk_test.go): a tmpfs that is filled below the watermark and
// to the last byte, and emptied again. It needs root for the mount.
//
//	size                 confirmed messages    kills
//	CI=true              50,000 and more       6
//	else                 5,000 and more        2
package crash
