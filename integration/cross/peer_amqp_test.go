package cross

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// amqp091 is amqp091-go. Places: prop:<property>, header:<name> with a value of
// type int:, bool:, bytes: (base64) or json: (a list), else a string.
type amqp091 struct{ w world }

func (p amqp091) connect(t *testing.T) *amqp.Channel {
	t.Helper()
	conn, err := p.w.dial("amqp")
	if err != nil {
		t.Fatal(err)
	}
	c, err := amqp.Open(conn, amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{Username: "guest", Password: "guest"}}, Vhost: "/", Heartbeat: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func (p amqp091) publish(t *testing.T, to address, s sample) {
	t.Helper()
	m := amqp.Publishing{Body: s.body, DeliveryMode: amqp.Persistent, Headers: amqp.Table{}}
	for place, v := range s.form {
		if kind, name := split(place); kind == "header" {
			m.Headers[name] = typed(t, v)
		} else if !setProperty(&m, name, v) {
			t.Fatalf("AMQP has no %s", place)
		}
	}
	exchange, key := "", to.name
	if to.topic {
		exchange, key = "amq.topic", strings.ReplaceAll(to.name, "/", ".")
	}
	ch := p.connect(t)
	if m.Headers["x-delay"] != nil {
		exchange = delaying(t, ch, to, exchange, key)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	d, err := ch.PublishWithDeferredConfirm(exchange, key, true, false, m)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if ok, err := d.WaitContext(ctx); !ok || err != nil {
		t.Fatalf("not confirmed: %v", err)
	}
}

// delaying is an exchange that delays, as RabbitMQ's plugin has it, before where a
// message goes.
func delaying(t *testing.T, ch *amqp.Channel, to address, exchange, key string) string {
	t.Helper()
	name := "delaying-" + to.name
	err := ch.ExchangeDeclare(name, "x-delayed-message", true, false, false, false, amqp.Table{"x-delayed-type": "direct"})
	switch {
	case err == nil && to.topic:
		err = ch.ExchangeBind(exchange, key, name, false, nil)
	case err == nil:
		err = ch.QueueBind(to.name, key, name, false, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func setProperty(m *amqp.Publishing, name, v string) bool {
	switch name {
	case "priority":
		n, _ := strconv.Atoi(v)
		m.Priority = uint8(n)
	case "timestamp":
		n, _ := strconv.ParseInt(v, 10, 64)
		m.Timestamp = time.Unix(n, 0)
	case "message-id":
		m.MessageId = v
	case "correlation-id":
		m.CorrelationId = v
	case "reply-to":
		m.ReplyTo = v
	case "content-type":
		m.ContentType = v
	case "content-encoding":
		m.ContentEncoding = v
	case "type":
		m.Type = v
	case "user-id":
		m.UserId = v
	case "app-id":
		m.AppId = v
	case "expiration":
		n, _ := after(v, time.Millisecond)
		m.Expiration = strconv.FormatInt(n, 10)
	default:
		return false
	}
	return true
}

func typed(t *testing.T, v string) any {
	switch kind, rest, _ := strings.Cut(v, ":"); kind {
	case "int":
		n, _ := strconv.ParseInt(rest, 10, 64)
		return n
	case "bool":
		return rest == "true"
	case "bytes":
		b, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			t.Fatal(err)
		}
		return b
	case "float":
		n, err := strconv.ParseFloat(rest, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	case "time":
		n, _ := strconv.ParseInt(rest, 10, 64)
		return time.Unix(n, 0)
	case "byte":
		n, _ := strconv.ParseInt(rest, 10, 8)
		return int8(n)
	case "decimal":
		n, _ := strconv.ParseInt(strings.Replace(rest, ".", "", 1), 10, 32)
		return amqp.Decimal{Scale: uint8(len(rest) - 1 - strings.Index(rest, ".")), Value: int32(n)}
	case "json":
		var table map[string]any
		if json.Unmarshal([]byte(rest), &table) == nil {
			return amqp.Table(whole(table))
		}
		var list []any
		if err := json.Unmarshal([]byte(rest), &list); err != nil {
			t.Fatal(err)
		}
		for i, e := range list {
			if f, ok := e.(float64); ok && f == math.Trunc(f) {
				list[i] = int64(f)
			}
		}
		return list
	}
	return v
}

// whole are numbers without a fraction as integers.
func whole(table map[string]any) map[string]any {
	for k, e := range table {
		if f, ok := e.(float64); ok && f == math.Trunc(f) {
			table[k] = int64(f)
		}
	}
	return table
}

// spelled is typed's inverse.
func spelled(v any) string {
	switch v := v.(type) {
	case float64, float32:
		return fmt.Sprint("float:", v)
	case time.Time:
		return fmt.Sprint("time:", v.Unix())
	case amqp.Decimal:
		digits := fmt.Sprint(v.Value)
		return "decimal:" + digits[:len(digits)-int(v.Scale)] + "." + digits[len(digits)-int(v.Scale):]
	case amqp.Table:
		b, _ := json.Marshal(v)
		return "json:" + string(b)
	case int8:
		return fmt.Sprint("byte:", v)
	case int64, int32, int16:
		return fmt.Sprint("int:", v)
	case bool:
		return fmt.Sprint("bool:", v)
	case []byte:
		return "bytes:" + base64.StdEncoding.EncodeToString(v)
	case []any:
		b, _ := json.Marshal(v)
		return "json:" + string(b)
	}
	return fmt.Sprint(v)
}

func (p amqp091) subscribe(t *testing.T, from address) func(*testing.T) sample {
	t.Helper()
	ch, queue := p.connect(t), from.name
	if from.topic {
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		queue = q.Name
		if err := ch.QueueBind(queue, strings.ReplaceAll(from.name, "/", "."), "amq.topic", false, nil); err != nil {
			t.Fatal(err)
		}
	}
	ds, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) sample {
		t.Helper()
		select {
		case d := <-ds:
			if err := d.Ack(false); err != nil {
				t.Fatal(err)
			}
			return fromAMQP(&d)
		case <-time.After(patience):
			t.Fatal("no message came")
			return sample{}
		}
	}
}

func fromAMQP(d *amqp.Delivery) sample {
	s := sample{body: d.Body, form: map[string]string{}}
	if d.Exchange == "amq.topic" {
		s.topic = strings.ReplaceAll(d.RoutingKey, ".", "/")
	}
	for name, v := range d.Headers {
		s.form["header:"+name] = spelled(v)
	}
	for name, v := range map[string]string{
		"message-id": d.MessageId, "correlation-id": d.CorrelationId, "reply-to": d.ReplyTo, "content-type": d.ContentType,
		"content-encoding": d.ContentEncoding, "type": d.Type, "app-id": d.AppId, "user-id": d.UserId,
	} {
		if v != "" {
			s.form["prop:"+name] = v
		}
	}
	if d.Priority != 0 {
		s.form["prop:priority"] = strconv.Itoa(int(d.Priority))
	}
	s.state = map[string]string{"state:redelivered": strconv.FormatBool(d.Redelivered)}
	if !d.Timestamp.IsZero() {
		s.form["prop:timestamp"] = strconv.FormatInt(d.Timestamp.Unix(), 10)
	}
	if d.Expiration != "" {
		n, _ := strconv.ParseInt(d.Expiration, 10, 64)
		s.form["prop:expiration"] = left(n, time.Millisecond)
	}
	return s
}
