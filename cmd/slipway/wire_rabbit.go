package main

import (
	"strings"

	"github.com/slipwaymq/slipway/bridge/admin/rabbit"
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
	if in.metric != nil {
		n.FreeDisk = in.metric().FreeBytes
	}
	return n
}
