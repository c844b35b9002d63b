// Command rabbitmqctl is a stand-in for RabbitMQ's, for the alarm test of
// amqp091-go: of all commands it knows set_vm_memory_high_watermark, and has
// Slipway's admin API at $SLIPWAY_ADMIN hold publishes back below 1 %, and let
// them go on from there.
package main
