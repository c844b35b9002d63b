package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

const patience = 30 * time.Second

// connection is what a name stands for. Used by its own requests only.
type connection struct {
	manager *autopaho.ConnectionManager
	expiry  *uint32 // for DISCONNECT
	queued  bool    // publish through autopaho's queue: it survives reconnecting
}

func main() {
	var mu sync.Mutex
	all := map[string]*connection{}
	line.Serve(os.Stdin, os.Stdout, func(a *line.Answerer, r *line.Request) error {
		mu.Lock()
		c := all[r.C]
		if r.Op == "connect" {
			c = &connection{queued: r.Reconnect}
			all[r.C] = c
		}
		mu.Unlock()
		if c == nil {
			return fmt.Errorf("there is no connection %s", r.C)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		switch r.Op {
		case "connect":
			return c.connect(ctx, a, r)
		case "subscribe":
			return c.subscribe(ctx, r)
		case "publish":
			return c.publish(ctx, r.Message, r.Message.Payload)
		case "burst":
			return c.burst(ctx, r)
		case "disconnect":
			if r.Expiry != nil {
				n := uint32(*r.Expiry)
				c.expiry = &n
			}
			return c.manager.Disconnect(ctx)
		}
		return fmt.Errorf("there is no %s", r.Op)
	})
}

func (c *connection) connect(ctx context.Context, a *line.Answerer, r *line.Request) error {
	refused := make(chan error, 1)
	trust, err := line.Trust(r.CA)
	if err != nil {
		return err
	}
	cfg := autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{server(r)},
		TlsCfg:                        trust,
		KeepAlive:                     30,
		CleanStartOnInitialConnection: r.Clean,
		ReconnectBackoff:              autopaho.NewConstantBackoff(50 * time.Millisecond),
		ConnectUsername:               r.User,
		ConnectPassword:               []byte(r.Password),
		OnConnectError: func(err error) {
			select {
			case refused <- err:
			default:
			}
		},
		OnConnectionDown: func() bool { return r.Reconnect },
		ConnectPacketBuilder: func(p *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			if r.Receive > 0 {
				if p.Properties == nil {
					p.Properties = &paho.ConnectProperties{}
				}
				n := uint16(r.Receive)
				p.Properties.ReceiveMaximum = &n
			}
			return p, nil
		},
		DisconnectPacketBuilder: func() *paho.Disconnect {
			d := &paho.Disconnect{}
			if c.expiry != nil {
				d.Properties = &paho.DisconnectProperties{SessionExpiryInterval: c.expiry}
			}
			return d
		},
		ClientConfig: paho.ClientConfig{
			ClientID: r.ID,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
				a.Received(r.C, received(p.Packet))
				return true, nil
			}},
		},
	}
	if r.Expiry != nil {
		cfg.SessionExpiryInterval = uint32(*r.Expiry)
	}
	if r.Will != nil {
		setWill(&cfg, r.Will)
	}
	m, err := autopaho.NewConnection(context.Background(), cfg)
	if err != nil {
		return err
	}
	c.manager = m
	up := make(chan error, 1)
	go func() { up <- m.AwaitConnection(ctx) }()
	select {
	case err := <-up:
		return err
	case err := <-refused:
		_ = m.Disconnect(ctx) // autopaho would try for ever
		return err
	}
}

func server(r *line.Request) *url.URL {
	u := &url.URL{Scheme: "mqtt", Host: r.Host + ":" + strconv.Itoa(r.Port)}
	switch r.Transport {
	case "tls":
		u.Scheme = "mqtts"
	case "ws", "wss":
		u.Scheme, u.Path = r.Transport, "/mqtt"
	}
	return u
}

func setWill(cfg *autopaho.ClientConfig, w *line.Message) {
	cfg.WillMessage = &paho.WillMessage{Topic: w.Topic, Payload: w.Payload, QoS: byte(w.QoS), Retain: w.Retain}
	if w.Props == nil {
		return
	}
	p := properties(w.Props)
	delay := uint32(w.Props.Delay)
	cfg.WillProperties = &paho.WillProperties{
		WillDelayInterval: &delay, PayloadFormat: p.PayloadFormat, MessageExpiry: p.MessageExpiry,
		ContentType: p.ContentType, ResponseTopic: p.ResponseTopic, CorrelationData: p.CorrelationData, User: p.User,
	}
}

func (c *connection) subscribe(ctx context.Context, r *line.Request) error {
	s := &paho.Subscribe{}
	for _, f := range r.Filters {
		s.Subscriptions = append(s.Subscriptions, paho.SubscribeOptions{
			Topic: f.Filter, QoS: byte(f.QoS), NoLocal: f.NoLocal, RetainAsPublished: f.AsIs, RetainHandling: byte(f.Handling),
		})
	}
	if r.SubID > 0 {
		s.Properties = &paho.SubscribeProperties{SubscriptionIdentifier: &r.SubID}
	}
	_, err := c.manager.Subscribe(ctx, s)
	return err
}

func (c *connection) publish(ctx context.Context, m *line.Message, payload []byte) error {
	p := &paho.Publish{Topic: m.Topic, Payload: payload, QoS: byte(m.QoS), Retain: m.Retain}
	if m.Props != nil {
		p.Properties = properties(m.Props)
	}
	if c.queued {
		return c.manager.PublishViaQueue(ctx, &autopaho.QueuePublish{Publish: p})
	}
	_, err := c.manager.Publish(ctx, p)
	return err
}

func (c *connection) burst(ctx context.Context, r *line.Request) error {
	for i := range r.Count {
		if err := c.publish(ctx, r.Message, []byte(strconv.Itoa(i))); err != nil {
			return err
		}
	}
	return nil
}
