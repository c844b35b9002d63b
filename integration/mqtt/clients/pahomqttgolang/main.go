package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

const patience = 30 * time.Second

func main() {
	var mu sync.Mutex
	all := map[string]mqtt.Client{}
	line.Serve(os.Stdin, os.Stdout, func(a *line.Answerer, r *line.Request) error {
		mu.Lock()
		c := all[r.C]
		if r.Op == "connect" {
			o := options(a, r)
			trust, err := line.Trust(r.CA)
			if err != nil {
				mu.Unlock()
				return err
			}
			c = mqtt.NewClient(o.SetTLSConfig(trust))
			all[r.C] = c
		}
		mu.Unlock()
		if c == nil {
			return fmt.Errorf("there is no connection %s", r.C)
		}
		switch r.Op {
		case "connect":
			return done(c.Connect())
		case "subscribe":
			return subscribe(c, r)
		case "publish":
			m := r.Message
			return done(c.Publish(m.Topic, byte(m.QoS), m.Retain, m.Payload))
		case "burst":
			return burst(c, r)
		case "disconnect":
			c.Disconnect(100)
			return nil
		}
		return fmt.Errorf("there is no %s", r.Op)
	})
}

func options(a *line.Answerer, r *line.Request) *mqtt.ClientOptions {
	server := r.Host + ":" + strconv.Itoa(r.Port)
	switch r.Transport {
	case "tls":
		server = "ssl://" + server
	case "ws", "wss":
		server = r.Transport + "://" + server + "/mqtt"
	default:
		server = "tcp://" + server
	}
	o := mqtt.NewClientOptions().AddBroker(server).
		SetProtocolVersion(uint(r.Version)).SetClientID(r.ID).SetCleanSession(r.Clean).
		SetUsername(r.User).SetPassword(r.Password).SetOrderMatters(true).
		SetAutoReconnect(r.Reconnect).SetMaxReconnectInterval(50 * time.Millisecond)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
		a.Received(r.C, &line.Message{Topic: m.Topic(), Payload: m.Payload(), QoS: int(m.Qos()), Retain: m.Retained()})
	})
	if w := r.Will; w != nil {
		o.SetBinaryWill(w.Topic, w.Payload, byte(w.QoS), w.Retain)
	}
	return o
}

func subscribe(c mqtt.Client, r *line.Request) error {
	filters := map[string]byte{}
	for _, f := range r.Filters {
		filters[f.Filter] = byte(f.QoS)
	}
	return done(c.SubscribeMultiple(filters, nil))
}

func burst(c mqtt.Client, r *line.Request) error {
	var tokens []mqtt.Token
	for i := range r.Count {
		tokens = append(tokens, c.Publish(r.Message.Topic, byte(r.Message.QoS), false, strconv.Itoa(i)))
	}
	options := c.OptionsReader()
	for _, t := range tokens {
		// A token fails when its connection breaks, and yet the message is kept
		// and sent again.
		if err := done(t); err != nil && !options.AutoReconnect() {
			return err
		}
	}
	return nil
}

func done(t mqtt.Token) error {
	if !t.WaitTimeout(patience) {
		return errors.New("no answer")
	}
	return t.Error()
}
