package main

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/go-stomp/stomp/v3"
	amqp "github.com/rabbitmq/amqp091-go"
)

// Who says to be another is not believed at any door, a will's included: consumers
// trust this name, as in RabbitMQ.
func TestUserIDIsChecked(t *testing.T) {
	r := startReloaded(t, "{}")
	for _, name := range []string{"app", "boss"} {
		r.api(201, "", "", "PUT", "users/"+name, `{"password":"secret","tags":""}`)
		r.api(201, "", "", "PUT", "permissions/%2F/"+name, `{"configure":".*","write":".*","read":".*"}`)
	}
	c, err := r.amqp("app", "secret")
	if err != nil {
		t.Fatal(err)
	}
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	got, err := ch.Consume("q", "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for door, publish := range map[string]func(*testing.T, string){"amqp": r.amqpUser, "mqtt": r.mqttUser, "a will": r.willUser, "stomp": r.stompUser} {
		t.Run(door, func(t *testing.T) {
			for name, want := range map[string]string{"app": "app", "boss": ""} {
				publish(t, name)
				if door == "amqp" && want == "" {
					continue // refused
				}
				select {
				case d := <-got:
					if d.UserId != want {
						t.Errorf("app as %s is %q", name, d.UserId)
					}
				case <-time.After(20 * time.Second):
					t.Fatal("nothing came")
				}
			}
		})
	}
}

// amqpUser publishes as app with a user-id; who is not app is told.
func (r *reloaded) amqpUser(t *testing.T, name string) {
	c, err := r.amqp("app", "secret")
	if err != nil {
		t.Fatal(err)
	}
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	d, err := ch.PublishWithDeferredConfirmWithContext(t.Context(), "", "q", false, false, amqp.Publishing{UserId: name, DeliveryMode: amqp.Persistent})
	if err != nil {
		t.Fatal(err)
	}
	if name == "app" {
		if !d.Wait() {
			t.Error("it was refused")
		}
		return
	}
	const want = "PRECONDITION_FAILED - user_id property set to 'boss' but authenticated user was 'app'"
	if err := <-closed; err == nil || err.Code != amqp.PreconditionFailed || err.Reason != want {
		t.Errorf("%v", err)
	}
}

// mqtt5 connects as app.
func (r *reloaded) mqtt5(t *testing.T, will *paho.WillMessage, properties *paho.WillProperties) (*paho.Client, net.Conn) {
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address(t, r.doors.opened, "mqtt"))
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.ClientConfig{Conn: conn})
	ack, err := c.Connect(t.Context(), &paho.Connect{
		ClientID: "user", CleanStart: true, Username: "app", UsernameFlag: true, Password: []byte("secret"), PasswordFlag: true,
		WillMessage: will, WillProperties: properties,
	})
	if err != nil || ack.ReasonCode != 0 {
		t.Fatal(ack, err)
	}
	return c, conn
}

func userProperty(name string) (p paho.UserProperties) {
	p.Add("user-id", name)
	return p
}

func (r *reloaded) mqttUser(t *testing.T, name string) {
	c, _ := r.mqtt5(t, nil, nil)
	_, err := c.Publish(t.Context(), &paho.Publish{QoS: 1, Topic: "$queue/q", Properties: &paho.PublishProperties{User: userProperty(name)}})
	if err := errors.Join(err, c.Disconnect(&paho.Disconnect{})); err != nil {
		t.Fatal(err)
	}
}

// willUser goes without a word.
func (r *reloaded) willUser(t *testing.T, name string) {
	_, conn := r.mqtt5(t, &paho.WillMessage{QoS: 1, Topic: "$queue/q"}, &paho.WillProperties{User: userProperty(name)})
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func (r *reloaded) stompUser(t *testing.T, name string) {
	s, err := r.stomp("app", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send("/queue/q", "text/plain", nil, stomp.SendOpt.Header("user-id", name), stomp.SendOpt.Receipt); err != nil {
		t.Fatal(err)
	}
}
