package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/go-stomp/stomp/v3"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/config"
)

// A wall clock that is set while the broker runs, an hour forwards or back, is
// one that differs from the broker's by as much. Whatever has a time to live, by
// whatever door it came, lives for that long still, be it said as a time of day.
func TestWallClockIsSet(t *testing.T) {
	for _, wall := range []time.Duration{time.Hour, -time.Hour} {
		w := outside(t)
		c := newClock()
		w.clock = clock{c.wall.Add(-wall), c.begun}
		said := &notes{}
		log, _ := newLogger(config.Log{Level: "info", Format: "text"}, said)
		in, err := start(settings(t, "queues: [{name: q}]\nroutes: [{topic: t, queue: q}]"), log, w)
		if err != nil {
			t.Fatal(err)
		}
		url := "http://" + address(t, in.doors.opened, "aws")
		client := signAs(t, url, "any", "any").sqs
		minute := func() string { return strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10) }

		for name, send := range map[string]func() error{
			"amqp": func() error {
				conn, err := amqp.Dial("amqp://" + address(t, in.doors.opened, "amqp"))
				if err != nil {
					return err
				}
				defer conn.Close() //nolint:errcheck // nothing is under way
				ch, err := conn.Channel()
				if err != nil {
					return err
				}
				return ch.PublishWithContext(t.Context(), "", "q", false, false, amqp.Publishing{Expiration: "60000", Body: []byte("amqp")})
			},
			"stomp, how long": func() error { return overSTOMP(t, in, "expiration", "60000") },
			"stomp, until":    func() error { return overSTOMP(t, in, "expires", minute()) },
			"sqs": func() error {
				_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("x")})
				return err
			},
			"sqs, until": func() error {
				_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
					"expires-at": {DataType: aws.String("Number"), StringValue: aws.String(minute())},
				}})
				return err
			},
			"management": func() error {
				body := `{"properties":{"expiration":"60000"},"routing_key":"q","payload":"x","payload_encoding":"string"}`
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address(t, in.doors.opened, "admin")+"/api/exchanges/%2F/amq.default/publish", bytes.NewReader([]byte(body)))
				if err != nil {
					return err
				}
				r.SetBasicAuth("guest", "guest")
				answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
				if err != nil {
					return err
				}
				defer answer.Body.Close() //nolint:errcheck // read no further
				if answer.StatusCode != http.StatusOK {
					return fmt.Errorf("status %s", answer.Status)
				}
				return nil
			},
			"mqtt": func() error {
				o := mqtt.NewClientOptions().AddBroker("tcp://" + address(t, in.doors.opened, "mqtt"))
				c := mqtt.NewClient(o)
				for _, f := range []func() mqtt.Token{c.Connect, func() mqtt.Token { return c.Publish("t", 1, false, "x") }} {
					if token := f(); token.Wait() && token.Error() != nil {
						return token.Error()
					}
				}
				c.Disconnect(0)
				return nil
			},
		} {
			if err := send(); err != nil {
				t.Errorf("%v, %s: %v", wall, name, err)
				continue
			}
			out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String("q"), WaitTimeSeconds: 5})
			if err != nil || len(out.Messages) != 1 {
				t.Errorf("%v, %s: it does not come: %v", wall, name, err)
				continue
			}
			if _, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String("q"), ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
				t.Errorf("%v, %s: %v", wall, name, err)
			}
		}
		if err := in.stop(); err != nil {
			t.Error(err)
		}
		if text := said.take(); strings.Count(text, "the machine's clock was set") != 1 || !strings.Contains(text, "by="+wall.String()) {
			t.Errorf("logged: %s", text)
		}
	}
}

func overSTOMP(t *testing.T, in *instance, header, value string) error {
	t.Helper()
	conn, err := stomp.Dial("tcp", address(t, in.doors.opened, "stomp"))
	if err != nil {
		return err
	}
	err = conn.Send("/queue/q", "text/plain", []byte("x"), stomp.SendOpt.Receipt, stomp.SendOpt.Header(header, value))
	if err != nil && !strings.Contains(err.Error(), "closed") {
		return err
	}
	return conn.Disconnect()
}
