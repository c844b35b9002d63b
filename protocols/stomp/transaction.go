package stomp

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// BEGIN, COMMIT and ABORT: what a transaction holds happens together or not at
// all, across queues and through a crash (core.Group).
//
//	of a connection      at most maxTransactions at once, each as large as the largest message
//	connection ends      they are aborted

const (
	maxTransactions = 100
	maxParts        = 100_000 // of a transaction: publishes and acknowledgements
)

// A transaction is what COMMIT will do. Read loop only.
type transaction struct {
	publications []*core.Publication
	settlements  []settlement
	parts        int
	size         int
}

type settlement struct {
	s    *subscription
	how  core.Settlement
	list []held
}

func (c *conn) begin(f *wire.Frame, _ uint64) (bool, error) {
	name, ok := f.Get("transaction")
	switch {
	case !ok || name == "":
		return false, missing("BEGIN", "transaction")
	case c.txs[name] != nil:
		return false, refuse("Transaction exists", "there is a transaction %s", name)
	case len(c.txs) >= maxTransactions:
		return false, refuse("Over a limit", "a connection has at most %d transactions", maxTransactions)
	}
	c.txs[strings.Clone(name)] = &transaction{}
	return false, nil
}

// ends takes a transaction off the connection.
func (c *conn) ends(f *wire.Frame) (*transaction, error) {
	name, ok := f.Get("transaction")
	if !ok {
		return nil, missing(f.Command, "transaction")
	}
	tx, err := c.transaction(name)
	delete(c.txs, name)
	return tx, err
}

func (c *conn) transaction(name string) (*transaction, error) {
	tx := c.txs[name]
	if tx == nil {
		return nil, refuse("Transaction not found", "there is no transaction %s", name)
	}
	return tx, nil
}

func (c *conn) commit(f *wire.Frame, seq uint64) (bool, error) {
	tx, err := c.ends(f)
	if err != nil {
		return false, err
	}
	g := &core.Group{Publications: tx.publications, Confirm: c.confirm(seq), Token: seq}
	for _, s := range tx.settlements {
		g.Settlements = append(g.Settlements, settlementsOf(s.list, s.how)...)
	}
	return seq != 0, c.together(g)
}

func (c *conn) abort(f *wire.Frame, _ uint64) (bool, error) {
	tx, err := c.ends(f)
	if err != nil {
		return false, err
	}
	for _, s := range tx.settlements {
		c.giveBack(s.s, s.list)
	}
	return false, nil
}

// grow bounds what a transaction holds.
func (tx *transaction) grow(parts, size, most int) error {
	tx.parts += parts
	tx.size += size
	if tx.parts > maxParts || tx.size > most {
		return refuse("Transaction too large", "it has %d parts and %d bytes", tx.parts, tx.size)
	}
	return nil
}

func (c *conn) sendLater(name string, x *publication, to []core.Address) error {
	tx, err := c.transaction(name)
	if err != nil {
		return err
	}
	if err := tx.grow(len(to), len(to)*(len(x.message.Body)+len(x.message.Origin.Data)), c.h.cfg.MaxBody); err != nil {
		return err
	}
	tx.publications = append(tx.publications, copies(x, to, c.local)...)
	return nil
}

func (c *conn) settleLater(name string, s *subscription, how core.Settlement, list []held) error {
	tx, err := c.transaction(name)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	tx.settlements = append(tx.settlements, settlement{s, how, list})
	return tx.grow(len(list), 0, c.h.cfg.MaxBody)
}
