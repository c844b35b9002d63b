package amqp091

import (
	"errors"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// What RabbitMQ 3.10.8 answers to the same, in its words; "" is that it goes on.
func TestRabbitMQsWords(t *testing.T) {
	w := newWorld(t)
	conn, err := amqp.Dial("amqp://guest:guest@" + w.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	declare := func(args amqp.Table) func(*amqp.Channel) error {
		return func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclare("q", false, false, false, false, args)
			return err
		}
	}
	passive := func(name string) func(*amqp.Channel) error {
		return func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclarePassive(name, false, false, false, false, nil)
			return err
		}
	}
	consume := func(queue string, exclusive bool, args amqp.Table) func(*amqp.Channel) error {
		return func(ch *amqp.Channel) error {
			_, err := ch.Consume(queue, "", false, exclusive, false, false, args)
			return err
		}
	}
	publish := func(m amqp.Publishing) func(*amqp.Channel) error {
		return func(ch *amqp.Channel) error {
			closed := ch.NotifyClose(make(chan *amqp.Error, 1))
			if err := ch.PublishWithContext(t.Context(), "", "q", false, false, m); err != nil {
				return err
			}
			_, err := ch.QueueDeclarePassive("q", false, false, false, false, nil)
			if errors.Is(err, amqp.ErrClosed) { // it was before the question was asked
				err = <-closed
			}
			return err
		}
	}
	if err := declare(amqp.Table{"x-max-length": int32(5)})(channelOf(t, conn)); err != nil {
		t.Fatal(err)
	}
	sac, err := channelOf(t, conn).QueueDeclare("sac", false, false, false, false, amqp.Table{"x-single-active-consumer": true})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		do   func(*amqp.Channel) error
		want string
	}{
		"two values":           {declare(amqp.Table{"x-max-length": int32(6)}), "inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received '6' but current is '5'"},
		"one value":            {declare(nil), "inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received none but current is the value '5' of type 'signedint'"},
		"dead letters to no x": {declare(amqp.Table{"x-dead-letter-exchange": int32(5)}), "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'"},
		"too long":             {declare(amqp.Table{"x-message-ttl": int64(1 << 42)}), "invalid arg 'x-message-ttl' for queue 'q' in vhost '/': {value_too_large,4398046511104}"},
		"too high":             {declare(amqp.Table{"x-max-priority": int32(256)}), "invalid arg 'x-max-priority' for queue 'q' in vhost '/': {max_value_exceeded,256}"},
		"no type":              {declare(amqp.Table{"x-queue-type": "nope"}), "invalid arg 'x-queue-type' for queue 'q' in vhost '/': \"unsupported queue type 'nope'\""},
		"alone with others":    {consume(sac.Name, true, nil), "queue 'sac' in vhost '/' in exclusive use"},
		"no priority":          {consume("q", false, amqp.Table{"x-priority": "z"}), "invalid arg 'x-priority' for queue 'q' in vhost '/': \"expected integer, got longstr\""},
		"no expiration":        {publish(amqp.Publishing{Expiration: "a"}), "invalid expiration 'a': no_integer"},
		"an expiration past":   {publish(amqp.Publishing{Expiration: "-1"}), "invalid expiration '-1': {value_negative,-1}"},
		"a long expiration":    {publish(amqp.Publishing{Expiration: "99999999999"}), ""},
		"CC is text":           {publish(amqp.Publishing{Headers: amqp.Table{"CC": "a"}}), "invalid message: {unacceptable_type_in_header,\"CC\",longstr}"},
		"CC is of numbers":     {publish(amqp.Publishing{Headers: amqp.Table{"CC": []any{int32(1)}}}), ""},
		"not empty":            {func(ch *amqp.Channel) error { _, err := ch.QueueDelete("q", false, true, false); return err }, "queue 'q' in vhost '/' not empty"},
		"a system exchange":    {func(ch *amqp.Channel) error { return ch.ExchangeDelete("amq.direct", false, false) }, "deletion of system exchange 'amq.direct' in vhost '/' not allowed"},
		"x-match": {func(ch *amqp.Channel) error {
			return ch.QueueBind("q", "", "amq.headers", false, amqp.Table{"x-match": "zz"})
		}, "Invalid x-match field value <<\"zz\">>; expected all, any, all-with-x, or any-with-x"},
		"replies to nobody yet": {passive("amq.rabbitmq.reply-to"), ""},
		"replies to somebody":   {passive("amq.rabbitmq.reply-to.x"), "no queue 'amq.rabbitmq.reply-to.x' in vhost '/'"},
	} {
		ch := channelOf(t, conn)
		if name == "not empty" {
			if err := publish(amqp.Publishing{})(ch); err != nil {
				t.Fatal(err)
			}
		}
		err, got := c.do(ch), ""
		if e := (*amqp.Error)(nil); errors.As(err, &e) {
			_, got, _ = strings.Cut(e.Reason, " - ")
		}
		if err != nil != (c.want != "") || got != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		_ = ch.Close()
	}
}
