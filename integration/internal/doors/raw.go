package doors

import "fmt"

// Login is all that a client of one of Streams says to get in, in one piece: it
// waits for no answer. With beat it promises to speak every second or more often,
// else nothing. (MQTT 3.1.1; AMQP 0-9-1 as guest; STOMP 1.2.)
func Login(door, id string, beat bool) string {
	switch door {
	case "mqtt":
		return frameMQTT(0x10, fmt.Sprintf("\x00\x04MQTT\x04\x02\x00%c%s", flag(beat), stringMQTT(id)))
	case "amqp": // the header, start-ok, tune-ok and open
		return "AMQP\x00\x00\x09\x01" +
			method(0, "\x00\x0a\x00\x0b\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x0c\x00guest\x00guest\x05en_US") +
			method(0, fmt.Sprintf("\x00\x0a\x00\x1f\x00\x00\x00\x02\x00\x00\x00%c", flag(beat))) +
			method(0, "\x00\x0a\x00\x28\x01/\x00\x00")
	}
	return fmt.Sprintf("CONNECT\naccept-version:1.2\nhost:/\nheart-beat:%d,0\n\n\x00", 500*int(flag(beat)))
}

// Admitted is a part of what the broker answers a Login with.
var Admitted = map[string]string{"mqtt": "\x20\x02\x00\x00", "amqp": "\x00\x0a\x00\x29", "stomp": "CONNECTED"}

// Consume is what takes messages of a queue, to be acknowledged, as many as the
// broker gives.
func Consume(door, queue string) string {
	switch door {
	case "mqtt":
		return frameMQTT(0x82, "\x00\x01"+stringMQTT("$queue/"+queue)+"\x01")
	case "amqp": // channel.open and basic.consume
		return method(1, "\x00\x14\x00\x0a\x00") +
			method(1, fmt.Sprintf("\x00\x3c\x00\x14\x00\x00%c%s\x00\x00\x00\x00\x00\x00", len(queue), queue))
	}
	return "SUBSCRIBE\nid:0\ndestination:/queue/" + queue + "\nack:client-individual\n\n\x00"
}

func flag(b bool) rune {
	if b {
		return 1
	}
	return 0
}

// Shorter than 128 bytes, as every length here.
func frameMQTT(kind byte, body string) string {
	return string([]byte{kind, byte(len(body))}) + body
}

func stringMQTT(s string) string { return fmt.Sprintf("\x00%c%s", len(s), s) }

func method(channel rune, body string) string {
	return fmt.Sprintf("\x01\x00%c\x00\x00\x00%c%s\xce", channel, len(body), body)
}
