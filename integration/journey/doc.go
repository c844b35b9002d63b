// Package journey is what the broker is for, end to end, with clients that
// nobody here wrote: MQTT in and SQS out, by an SNS subscription and by a route;
// SNS and SQS in and MQTT out; and what an operator meets: a port in use, a
// directory in use, a stop under load.
//
//	clients                              run
//	paho.mqtt.golang, aws-sdk-go-v2      always
//	mosquitto_pub, mosquitto_sub         where installed; in CI they must be
//	boto3, AWS CLI                       where installed; in CI they must be
package journey
