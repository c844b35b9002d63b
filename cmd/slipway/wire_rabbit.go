package main

import (
	"strings"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/bridge/admin/rabbit"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/protocols/amqp091"
)

// listeners are where the doors accept, for RabbitMQ's management API.
func (d *doors) listeners() []rabbit.Listener {
	all := make([]rabbit.Listener, len(d.opened))
	for i, o := range d.opened {
		door, tls := strings.CutSuffix(o.door, "-tls")
		all[i] = rabbit.Listener{Door: door, TLS: tls, Address: o.address}
	}
	return all
}

// node is the process's own figures, for the same.
func (in *instance) node() rabbit.Node {
	n := rabbit.Node{MinFreeDisk: uint64(in.cfg.Limits.MinFreeDisk), MemoryLimit: uint64(in.cfg.Limits.MemoryBudget)}
	n.OpenFiles, n.MaxOpenFiles = openFiles()
	if in.metric != nil {
		n.FreeDisk = in.metric().FreeBytes
	}
	return n
}

// connections are the clients of the doors that keep connections, with what
// their protocols tell of them.
func (d *doors) connections() []admin.Connection {
	infos := map[uint64]amqp091.Info{}
	if d.amqpInfos != nil {
		infos = d.amqpInfos()
	}
	conns := d.server.Conns()
	all := make([]admin.Connection, len(conns))
	for i, c := range conns {
		all[i] = admin.Connection{
			ID: c.ID, Protocol: c.Protocol, Remote: c.Remote, Local: c.Local, Transport: c.Transport, Since: c.Since, Client: c.Client,
			User: c.User, Namespace: c.Namespace, BytesIn: c.BytesIn, BytesOut: c.BytesOut, Queued: c.Queued,
		}
		if info, ok := infos[c.ID]; ok {
			detail(&all[i], info)
		}
	}
	return all
}

func detail(c *admin.Connection, info amqp091.Info) {
	c.ChannelMax, c.FrameMax, c.Heartbeat = info.ChannelMax, info.FrameMax, info.Heartbeat
	c.Properties = arguments.JSON(info.Properties)
	for _, ch := range info.Channels {
		c.Channels = append(c.Channels, rabbit.Channel{
			Number: ch.Number, Consumers: ch.Consumers, Unacked: ch.Unacked, Unconfirmed: ch.Unconfirmed, Prefetch: ch.Prefetch,
			Global: ch.Global, Confirms: ch.Confirms, Transaction: ch.Transaction,
		})
	}
}
