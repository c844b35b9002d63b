package rabbit

import (
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// nodeName is the one node's: clients compare it with themselves only.
const nodeName = "slipway@localhost"

func (s *Service) overview(w http.ResponseWriter, r *request) error {
	var sum totals
	for _, ns := range s.counted(r.caller) {
		t := totalsOf(ns)
		sum.ready += t.ready
		sum.unacked += t.unacked
		sum.queues += t.queues
		sum.consumers += t.consumers
		sum.exchanges += t.exchanges
	}
	conns := s.allConnections(r)
	channels := 0
	for _, c := range conns {
		channels += len(c.Channels)
	}
	shown := row{
		"management_version": compatible, "rates_mode": "none", "rabbitmq_version": compatible,
		"product_name": "Slipway", "product_version": s.cfg.Version, "cluster_name": nodeName,
		"erlang_version": "", "erlang_full_version": "", "statistics_db_event_queue": 0, "disable_stats": false, "enable_queue_totals": false,
		"exchange_types": exchangeTypes(),
		"queue_totals":   sum.row(),
		"object_totals":  row{"channels": channels, "connections": len(conns), "consumers": sum.consumers, "exchanges": sum.exchanges, "queues": sum.queues},
		"message_stats":  row{},
	}
	if Oversees(r.caller, core.Read) { // what is of all vhosts, and the machine's
		st := s.cfg.Broker.Stats()
		shown["node"], shown["listeners"], shown["contexts"] = nodeName, s.listenerRows(), s.contexts()
		shown["message_stats"] = row{
			"publish": st.Published, "deliver_get": st.Delivered, "deliver": st.Delivered, "ack": st.Settled,
			"redeliver": st.Redelivered, "drop_unroutable": st.Unroutable,
		}
	}
	return answer(w, http.StatusOK, pick(shown, split(r.URL.Query().Get("columns"))))
}

func exchangeTypes() (all []row) {
	for _, x := range [][2]string{
		{core.ExchangeDirect, "AMQP direct exchange, as per the AMQP specification"}, {core.ExchangeFanout, "AMQP fanout exchange, as per the AMQP specification"},
		{core.ExchangeHeaders, "AMQP headers exchange, as per the AMQP specification"}, {core.ExchangeTopic, "AMQP topic exchange, as per the AMQP specification"},
		{core.ExchangeHash, "Consistent Hashing Exchange"}, {core.ExchangeDelayed, "Delayed Message Exchange."},
	} {
		all = append(all, row{"name": x[0], "description": x[1], "enabled": true})
	}
	return all
}

func (s *Service) clusterName(w http.ResponseWriter, _ *request) error {
	return answer(w, http.StatusOK, row{"name": nodeName})
}

func (s *Service) extensions(w http.ResponseWriter, _ *request) error {
	return answer(w, http.StatusOK, []row{})
}

func (s *Service) auth(w http.ResponseWriter, _ *request) error {
	return answer(w, http.StatusOK, row{"enable_uaa": false, "uaa_client_id": "", "uaa_location": ""})
}

func (s *Service) nodes(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) { yield(s.nodeRow()) })
}

func (s *Service) node(w http.ResponseWriter, r *request) error {
	if r.PathValue("node") != nodeName {
		return notFound
	}
	return answer(w, http.StatusOK, s.nodeRow())
}

func (s *Service) nodeRow() row {
	var n Node
	if s.cfg.Node != nil {
		n = s.cfg.Node()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	blocked := s.cfg.Broker.Blocked()
	conns := 0
	if s.cfg.Connections != nil {
		conns = len(s.cfg.Connections())
	}
	x := row{
		"name": nodeName, "type": "disc", "running": true, "os_pid": strconv.Itoa(os.Getpid()), "processors": runtime.NumCPU(),
		"uptime": time.Since(s.cfg.Started).Milliseconds(), "mem_used": m.Sys - m.HeapReleased, "mem_limit": n.MemoryLimit,
		"mem_alarm": blocked != "" && !strings.Contains(blocked, "disk"), "disk_free": n.FreeDisk, "disk_free_limit": n.MinFreeDisk,
		"disk_free_alarm": strings.Contains(blocked, "disk"), "proc_used": runtime.NumGoroutine(), "sockets_used": conns,
		"rates_mode": "none", "partitions": []string{}, "applications": []row{}, "enabled_plugins": []string{},
		"being_drained": false, "config_files": []string{}, "log_files": []string{}, "db_dir": "", "exchange_types": exchangeTypes(), "cluster_links": []row{},
	}
	if n.MaxOpenFiles > 0 {
		x["fd_used"], x["fd_total"], x["sockets_total"] = n.OpenFiles, n.MaxOpenFiles, n.MaxOpenFiles
	}
	return x
}
