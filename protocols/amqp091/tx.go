package amqp091

import (
	"bytes"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// tx.select, commit and rollback (1.9).
//
//	commit       publishes and settlements together or not at all, across queues and through a crash
//	size         at most the core's group (16 MiB); a publish over it closes the channel
//	mandatory    basic.return before commit-ok
//	refused      by a queue that is full: the rest is committed, and the channel closed with 406, as in RabbitMQ

// A transaction is what a channel did since the last commit.
type transaction struct {
	publications []*publication
	mandatory    []bool
	bytes        int
	settlements  []txSettlement
}

type txSettlement struct {
	held held
	how  core.Settlement
}

func (ch *channel) txSelect(args []byte) error {
	if err := new(wire.TxSelect).Decode(args); err != nil {
		return err
	}
	if ch.confirms {
		return wire.Errorf(wire.PreconditionFailed, "cannot switch from confirm to tx mode")
	}
	if ch.tx == nil {
		ch.tx = &transaction{}
		ch.show()
	}
	ch.write((&wire.TxSelectOk{}).Append)
	return nil
}

// publicationSize is what a publication costs beside its bytes.
const publicationSize = 512

// publish keeps a message until the commit.
func (tx *transaction) publish(ch *channel, pub *publication, mandatory bool) error {
	pub.message.Body = bytes.Clone(pub.message.Body)
	tx.bytes += len(pub.message.Body) + len(pub.message.Origin.Data) + publicationSize
	if most := ch.c.h.cfg.MaxMessage; tx.bytes > most {
		return wire.Errorf(wire.PreconditionFailed, "a transaction of more than %d bytes", most)
	}
	tx.publications = append(tx.publications, pub)
	tx.mandatory = append(tx.mandatory, mandatory)
	return nil
}

// settle takes deliveries from the channel until commit settles them or
// rollback gives them back.
func (tx *transaction) settle(ch *channel, tag uint64, multiple bool, how core.Settlement) error {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ch.out.take(tag, multiple, func(h held) { tx.settlements = append(tx.settlements, txSettlement{h, how}) }) {
		return unknownTag(tag)
	}
	return nil
}

func needTx() error { return wire.Errorf(wire.PreconditionFailed, "channel is not transactional") }

func (ch *channel) txCommit(args []byte) error {
	if err := new(wire.TxCommit).Decode(args); err != nil {
		return err
	}
	if ch.tx == nil {
		return needTx()
	}
	tx := ch.tx
	ch.tx = &transaction{}
	if err := ch.commit(tx); err != nil {
		return err
	}
	for i, pub := range tx.publications {
		if tx.mandatory[i] && pub.Routed == 0 {
			ch.giveBack(pub, pub.message.Body)
		}
	}
	ch.write((&wire.TxCommitOk{}).Append)
	return nil
}

// commit submits the group and waits until it is on stable storage.
func (ch *channel) commit(tx *transaction) error {
	c := ch.c
	done := make(waiter, 1)
	g := &core.Group{Confirm: done}
	for _, pub := range tx.publications {
		g.Publications = append(g.Publications, &pub.Publication)
	}
	for _, s := range tx.settlements {
		g.Settlements = addSettlement(g.Settlements, s)
	}
	err := c.pub.Commit(g)
	for core.KindOf(err) == core.NoSpace && err != nil {
		if err = c.awaitRoom(); err == nil {
			err = c.pub.Commit(g)
		}
	}
	if err != nil {
		ch.giveUp(tx)
		return c.refusal(err, "transaction")
	}
	ch.settled(tx)
	return c.waits(func() error { // the core always answers
		switch err := (<-done).Err; core.KindOf(err) {
		case core.Full, core.Invalid: // a queue refused a part, the rest is done
			return wire.Errorf(wire.PreconditionFailed, "partial tx completion: %s", text(err))
		default:
			return c.refusal(err, "transaction")
		}
	})
}

// addSettlement joins runs of the same consumer and kind.
func addSettlement(list []core.GroupSettlement, s txSettlement) []core.GroupSettlement {
	if n := len(list); n > 0 && list[n-1].Consumer == s.held.k.core && list[n-1].How == s.how {
		list[n-1].Receipts = append(list[n-1].Receipts, s.held.receipt)
		return list
	}
	return append(list, core.GroupSettlement{Consumer: s.held.k.core, How: s.how, Receipts: []core.Receipt{s.held.receipt}})
}

// settled books what a commit settled.
func (ch *channel) settled(tx *transaction) {
	ch.c.mu.Lock()
	for _, s := range tx.settlements {
		s.held.k.held--
	}
	ch.lookAt()
	ch.c.mu.Unlock()
	for _, s := range tx.settlements {
		ch.retireIdle(s.held.k)
	}
}

// giveUp puts what a transaction settled back among the channel's deliveries.
func (ch *channel) giveUp(tx *transaction) {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	for _, s := range tx.settlements {
		ch.out.restore(s.held)
	}
	ch.lookAt()
}

func (ch *channel) txRollback(args []byte) error {
	if err := new(wire.TxRollback).Decode(args); err != nil {
		return err
	}
	if ch.tx == nil {
		return needTx()
	}
	ch.giveUp(ch.tx)
	ch.tx = &transaction{}
	ch.write((&wire.TxRollbackOk{}).Append)
	return nil
}

// waiter is a core.Confirm that the read loop waits for.
type waiter chan core.Outcome

func (w waiter) Confirmed(_ uint64, o core.Outcome) bool { w <- o; return false }
func (w waiter) Flush()                                  {}
