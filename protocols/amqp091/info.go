package amqp091

import (
	"sync"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// Info is what lists show of an open connection, beyond protocols.Info.
type Info struct {
	Namespace  string
	ChannelMax int
	FrameMax   int
	Heartbeat  time.Duration
	Properties []core.Header // the client's
	Channels   []ChannelInfo
}

// ChannelInfo is an open channel.
type ChannelInfo struct {
	Number      int
	Consumers   int
	Unacked     int
	Unconfirmed int
	Prefetch    int // of consumers to come
	Global      int // of the channel; 0: no limit
	Confirms    bool
	Transaction bool
}

// registry is the open connections by id.
type registry struct {
	mu    sync.Mutex
	conns map[uint64]*conn // guarded by mu
}

func (r *registry) add(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		r.conns = map[uint64]*conn{}
	}
	r.conns[c.nc.ID()] = c
}

func (r *registry) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c.nc.ID())
}

// Infos are the open connections by the id of protocols.Info.
func (h *Handler) Infos() map[uint64]Info {
	h.open.mu.Lock()
	conns := make([]*conn, 0, len(h.open.conns))
	for _, c := range h.open.conns {
		conns = append(conns, c)
	}
	h.open.mu.Unlock()
	all := make(map[uint64]Info, len(conns))
	for _, c := range conns {
		all[c.nc.ID()] = c.info()
	}
	return all
}

func (c *conn) info() Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.shown
	i.Channels = make([]ChannelInfo, 0, len(c.listed))
	at := make(map[*channel]int, len(c.listed))
	for _, ch := range c.listed {
		at[ch] = len(i.Channels)
		s := ch.shown
		s.Number, s.Unacked, s.Unconfirmed = int(ch.num), ch.out.held, len(ch.pending.list)
		if ch.limit < c.h.cfg.MaxUnacked {
			s.Global = ch.limit
		}
		i.Channels = append(i.Channels, s)
	}
	for _, k := range c.consumers {
		if n, ok := at[k.ch]; ok {
			i.Channels[n].Consumers++
		}
	}
	return i
}

// list and unlist change the channels that are shown.
func (ch *channel) list() {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	ch.c.listed = append(ch.c.listed, ch)
}

func (ch *channel) unlist() {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.listed {
		if other == ch {
			c.listed = append(c.listed[:i], c.listed[i+1:]...)
			return
		}
	}
}

// show has the channel's mode seen.
func (ch *channel) show() {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	ch.shown.Prefetch, ch.shown.Confirms, ch.shown.Transaction = ch.prefetch, ch.confirms, ch.tx != nil
}
