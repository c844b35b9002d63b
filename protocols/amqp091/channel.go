package amqp091

import (
	"errors"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// channel.open, flow and close (1.5).
//
//	flow active=false          not implemented, as in RabbitMQ
//	an error                   channel.close with code, text, class and method; until its close-ok all else is passed over
//	an error of a hard code    connection.close

// A channel is one channel of a connection. Its numbers and maps are the read
// loop's; what deliveries and confirms touch is guarded by c.mu.
type channel struct {
	c   *conn  // immutable
	num uint16 // immutable

	// Read loop only.
	closing   bool // channel.close was sent
	consumers map[string]*consumer
	swept     int                       // how many consumers there were after the last sweep
	getters   map[*core.Queue]*consumer // what basic.get holds

	sweptGetters int         // as swept
	retired      []*consumer // cancelled, and holding something still
	content      content
	route        routeCache
	lastQueue    string // the queue that an empty name means
	prefetch     int    // of consumers to come; 0: no limit
	confirms     bool   // confirm.select
	tx           *transaction
	replyTo      string // the queue of direct reply-to, "" without a consumer of it

	// Guarded by c.mu.
	out     unacked
	limit   int  // deliveries held by all consumers together
	paused  bool // its consumers were told to deliver nothing
	looked  bool // it is in c.look
	pending confirms
	shown   ChannelInfo // what show says
}

func newChannel(c *conn, num uint16) *channel {
	return &channel{
		c: c, num: num, consumers: map[string]*consumer{}, limit: c.h.cfg.MaxUnacked,
	}
}

// channelFrame takes a frame of a channel.
func (c *conn) channelFrame(f wire.Frame) error {
	ch := c.channels[f.Channel]
	if ch == nil {
		return c.openChannel(f)
	}
	err := ch.frame(f)
	if err == nil {
		return nil
	}
	return ch.fail(err)
}

func (c *conn) openChannel(f wire.Frame) error {
	m, args, err := wire.SplitMethod(f.Payload)
	switch {
	case f.Type == wire.FrameMethod && err == nil && m == wire.MethodChannelCloseOk:
		return nil // both sides closed at once
	case f.Type == wire.FrameMethod && err == nil && m == wire.MethodChannelClose: // a client that makes sure
		c.writeOn(f.Channel, (&wire.ChannelCloseOk{}).Append)
		return nil
	case f.Type == wire.FrameMethod && err == nil && m != wire.MethodChannelOpen:
		return &wire.Error{Code: wire.ChannelError, Detail: "expected 'channel.open'", Method: m}
	case f.Type != wire.FrameMethod || err != nil:
		return wire.Errorf(wire.ChannelError, "expected 'channel.open'")
	case f.Channel > c.channelMax:
		return wire.Errorf(wire.ChannelError, "channel %d, the highest is %d", f.Channel, c.channelMax)
	}
	if err := new(wire.ChannelOpen).Decode(args); err != nil {
		return err
	}
	if err := c.place.OpenChannel(); err != nil {
		return c.noChannel(err)
	}
	ch := newChannel(c, f.Channel)
	c.channels[f.Channel] = ch
	ch.list()
	c.h.counters.Channels.Add(1)
	ch.write((&wire.ChannelOpenOk{}).Append)
	return nil
}

// noChannel refuses a channel that the user may not have, and with it the connection.
func (c *conn) noChannel(err error) error {
	var ce *core.Error
	if !errors.As(err, &ce) || ce.Field != core.MaxChannels {
		return c.refusal(err, "channel")
	}
	return wire.Errorf(wire.NotAllowed, "number of channels opened for user '%s' has reached the maximum allowed user limit of (%d)", c.user, ce.Limit)
}

// write appends a method's frame.
func (ch *channel) write(appendFrame func(dst []byte, channel uint16) []byte) {
	ch.c.writeOn(ch.num, appendFrame)
}

// frame takes one frame of the channel.
func (ch *channel) frame(f wire.Frame) error {
	switch {
	case f.Type == wire.FrameMethod:
		m, args, err := wire.SplitMethod(f.Payload)
		if err != nil {
			return err
		}
		return ch.method(m, args)
	case ch.closing:
		return nil
	case f.Type == wire.FrameHeader:
		return withMethod(ch.header(f.Payload), wire.MethodBasicPublish)
	default:
		return withMethod(ch.body(f), wire.MethodBasicPublish)
	}
}

// channelMethods is the table of what is sent on a channel. Those that are
// marked settle at once what was acknowledged before them.
var channelMethods = map[wire.MethodID]struct {
	settles bool
	handle  func(*channel, []byte) error
}{
	wire.MethodBasicPublish:      {false, (*channel).publish},
	wire.MethodBasicAck:          {false, (*channel).ack},
	wire.MethodBasicNack:         {false, (*channel).nack},
	wire.MethodBasicReject:       {false, (*channel).reject},
	wire.MethodBasicQos:          {true, (*channel).qos},
	wire.MethodBasicConsume:      {true, (*channel).consume},
	wire.MethodBasicCancel:       {true, (*channel).cancel},
	wire.MethodBasicGet:          {true, (*channel).get},
	wire.MethodBasicRecover:      {true, (*channel).recover},
	wire.MethodBasicRecoverAsync: {true, (*channel).recoverAsync},
	wire.MethodChannelOpen:       {false, (*channel).again},
	wire.MethodChannelFlow:       {false, (*channel).flow},
	wire.MethodAccessRequest:     {false, (*channel).access},
	wire.MethodExchangeDeclare:   {true, (*channel).exchangeDeclare},
	wire.MethodExchangeDelete:    {true, (*channel).exchangeDelete},
	wire.MethodExchangeBind:      {true, (*channel).exchangeBind},
	wire.MethodExchangeUnbind:    {true, (*channel).exchangeUnbind},
	wire.MethodQueueDeclare:      {true, (*channel).queueDeclare},
	wire.MethodQueueBind:         {true, (*channel).queueBind},
	wire.MethodQueueUnbind:       {true, (*channel).queueUnbind},
	wire.MethodQueuePurge:        {true, (*channel).queuePurge},
	wire.MethodQueueDelete:       {true, (*channel).queueDelete},
	wire.MethodConfirmSelect:     {true, (*channel).confirmSelect},
	wire.MethodTxSelect:          {true, (*channel).txSelect},
	wire.MethodTxCommit:          {true, (*channel).txCommit},
	wire.MethodTxRollback:        {true, (*channel).txRollback},
	wire.MethodBasicCancelOk:     {false, (*channel).cancelOk},
	wire.MethodChannelFlowOk:     {false, func(*channel, []byte) error { return nil }},
}

func (ch *channel) method(m wire.MethodID, args []byte) error {
	switch {
	case m == wire.MethodChannelClose:
		return withMethod(ch.closed(args), m)
	case m == wire.MethodChannelCloseOk && ch.closing:
		delete(ch.c.channels, ch.num)
		return nil
	case ch.closing:
		return nil
	case ch.content.expected():
		return &wire.Error{Code: wire.UnexpectedFrame, Detail: "expected content header for class 60, got non content header frame instead", Method: m}
	}
	entry, ok := channelMethods[m]
	switch {
	case ok:
	case m.Known():
		return &wire.Error{Code: wire.CommandInvalid, Detail: "unexpected " + m.String(), Method: m}
	default:
		return &wire.Error{Code: wire.NotImplemented, Detail: "there is no " + m.String(), Method: m}
	}
	if entry.settles {
		ch.c.settleAcked()
	}
	return withMethod(entry.handle(ch, args), m)
}

// access is access.request, of AMQP 0-8 and 0-9: old clients still ask for a
// ticket, which nobody looks at.
func (ch *channel) access(args []byte) error {
	if err := new(wire.AccessRequest).Decode(args); err != nil {
		return err
	}
	ch.write((&wire.AccessRequestOk{Ticket: 1}).Append)
	return nil
}

// closed is channel.close: the client is done with it.
func (ch *channel) closed(args []byte) error {
	if err := new(wire.ChannelClose).Decode(args); err != nil {
		return err
	}
	if !ch.closing {
		ch.end()
	}
	delete(ch.c.channels, ch.num)
	ch.write((&wire.ChannelCloseOk{}).Append)
	return nil
}

// fail closes the channel for a soft error; a hard one is passed on.
func (ch *channel) fail(err error) error {
	var we *wire.Error
	if !errors.As(err, &we) || we.Closes() {
		return err
	}
	ch.c.h.cfg.Log.Info("channel closed by us", "protocol", "amqp", "remote", ch.c.nc.Remote(), "user", ch.c.user, "channel", ch.num, "reason", we)
	ch.end()
	ch.closing = true
	m := wire.ChannelClose{ReplyCode: uint16(we.Code), ReplyText: we.Text(), ClassID: we.Method.Class(), MethodID: we.Method.Method()}
	ch.write(m.Append)
	return nil
}

// end lets go of what the channel holds: unsettled deliveries go back to their
// places.
func (ch *channel) end() {
	c := ch.c
	if ch.closing {
		return
	}
	c.settleAcked()
	ch.unlist()
	c.place.CloseChannel()
	c.h.counters.Channels.Add(-1)
	c.mu.Lock()
	ch.pending.over = true
	ch.out = unacked{}
	c.mu.Unlock()
	for _, k := range ch.consumers {
		ch.drop(k)
	}
	for _, k := range ch.getters {
		k.core.Cancel()
	}
	clear(ch.consumers)
	for _, k := range ch.retired {
		k.core.Cancel()
	}
	clear(ch.getters)
	ch.retired = nil
	ch.dropContent()
	ch.tx = nil
	ch.endReplies()
}

func (ch *channel) again([]byte) error {
	return wire.Errorf(wire.ChannelError, "second 'channel.open' seen")
}

func (ch *channel) flow(args []byte) error {
	var m wire.ChannelFlow
	if err := m.Decode(args); err != nil {
		return err
	}
	if !m.Active {
		return wire.Errorf(wire.NotImplemented, "active=false")
	}
	ch.write((&wire.ChannelFlowOk{Active: true}).Append)
	return nil
}
