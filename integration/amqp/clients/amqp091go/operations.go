package main

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

func (ch *channel) do(l *link, r *request) (answer, error) {
	switch args := table(r.Args); r.Op {
	case "closeChannel":
		return nil, ch.Close()
	case "exchange":
		if r.Passive {
			return nil, ch.ExchangeDeclarePassive(r.Name, r.Kind, r.Durable, r.AutoDelete, r.Internal, false, args)
		}
		return nil, ch.ExchangeDeclare(r.Name, r.Kind, r.Durable, r.AutoDelete, r.Internal, false, args)
	case "deleteExchange":
		return nil, ch.ExchangeDelete(r.Name, r.IfUnused, false)
	case "bindExchange":
		return nil, ch.ExchangeBind(r.Name, r.Key, r.Source, false, args)
	case "queue":
		return ch.queue(r, args)
	case "deleteQueue":
		n, err := ch.QueueDelete(r.Name, r.IfUnused, r.IfEmpty, false)
		return answer{"messages": n}, err
	case "purge":
		n, err := ch.QueuePurge(r.Name, false)
		return answer{"messages": n}, err
	case "bind":
		return nil, ch.QueueBind(r.Name, r.Key, r.Exchange, false, args)
	case "unbind":
		return nil, ch.QueueUnbind(r.Name, r.Key, r.Exchange, args)
	case "publish":
		return ch.publish(r)
	case "get":
		m, ok, err := ch.Get(r.Name, r.NoAck)
		if err != nil || !ok {
			return nil, err
		}
		return answer{"message": fromDelivery(&m), "messages": m.MessageCount}, nil
	case "consume":
		ds, err := ch.Consume(r.Name, r.Consumer, r.NoAck, r.Exclusive, false, false, args)
		if err != nil {
			return nil, err
		}
		go func() {
			for d := range ds {
				write(answer{"c": l.name, "ch": r.Ch, "event": "delivery", "consumer": d.ConsumerTag, "message": fromDelivery(&d)})
			}
		}()
		return nil, nil
	}
	return nil, ch.plain(r)
}

// plain are the operations that answer nothing.
func (ch *channel) plain(r *request) error {
	switch r.Op {
	case "cancel":
		return ch.Cancel(r.Consumer, false)
	case "ack":
		return ch.Ack(r.Tag, r.Multiple)
	case "nack":
		return ch.Nack(r.Tag, r.Multiple, r.Requeue)
	case "reject":
		return ch.Reject(r.Tag, r.Requeue)
	case "qos":
		return ch.Qos(r.Count, 0, r.Global)
	case "recover":
		return ch.Recover(r.Requeue) //nolint:staticcheck // deprecated, and in use
	case "tx":
		return ch.Tx()
	case "commit":
		return ch.TxCommit()
	case "rollback":
		return ch.TxRollback()
	}
	return fmt.Errorf("there is no %s", r.Op)
}

func (ch *channel) queue(r *request, args amqp.Table) (answer, error) {
	declare := ch.QueueDeclare
	if r.Passive {
		declare = ch.QueueDeclarePassive
	}
	q, err := declare(r.Name, r.Durable, r.AutoDelete, r.Exclusive, false, args)
	return answer{"name": q.Name, "messages": q.Messages, "consumers": q.Consumers}, err
}

func (ch *channel) publish(r *request) (answer, error) {
	confirmation, err := ch.PublishWithDeferredConfirm(r.Exchange, r.Key, r.Mandatory, false, r.Message.publishing())
	if err != nil || confirmation == nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-ch.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	ack, err := confirmation.WaitContext(ctx)
	if err == nil && ack {
		return answer{"ack": true}, nil
	}
	if ch.IsClosed() { // that is why there was no confirm
		if <-ch.closed; ch.reason != nil {
			return nil, ch.reason
		}
	}
	return answer{"ack": ack}, err
}
