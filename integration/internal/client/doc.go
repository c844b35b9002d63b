// Package client makes the unmodified Go clients that the suites drive: those of
// aws-sdk-go-v2 for SQS and SNS, and paho for MQTT 3.1.1.
package client
