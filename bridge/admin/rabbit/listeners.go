package rabbit

import (
	"net"
	"net/http"
	"strconv"
)

// protocolNames are what RabbitMQ calls the doors' protocols, plain and TLS.
var protocolNames = map[string][2]string{
	"amqp": {"amqp", "amqp/ssl"}, "mqtt": {"mqtt", "mqtt/ssl"}, "stomp": {"stomp", "stomp/ssl"}, "admin": {"http", "https"},
	"aws": {"aws/http", "aws/https"}, "websocket": {"http/web-mqtt", "https/web-mqtt"},
}

type listenerInfo struct {
	protocol, host string
	port           int
}

func (s *Service) listeners() (all []listenerInfo) {
	if s.cfg.Listeners == nil {
		return nil
	}
	for _, l := range s.cfg.Listeners() {
		names, ok := protocolNames[l.Door]
		if !ok {
			names = [2]string{l.Door, l.Door + "/ssl"}
		}
		name := names[0]
		if l.TLS {
			name = names[1]
		}
		host, port, _ := net.SplitHostPort(l.Address)
		n, _ := strconv.Atoi(port)
		all = append(all, listenerInfo{name, host, n})
	}
	return all
}

func (s *Service) listenerRows() []row {
	rows := []row{}
	for _, l := range s.listeners() {
		rows = append(rows, row{"node": nodeName, "protocol": l.protocol, "ip_address": l.host, "port": l.port, "socket_opts": row{}})
	}
	return rows
}

// contexts are the listeners of this API.
func (s *Service) contexts() []row {
	rows := []row{}
	for _, l := range s.listeners() {
		if l.protocol == "http" || l.protocol == "https" {
			rows = append(rows, row{"node": nodeName, "description": "RabbitMQ Management", "path": "/", "ip": l.host, "port": strconv.Itoa(l.port), "ssl": l.protocol == "https"})
		}
	}
	return rows
}

func (s *Service) portListener(w http.ResponseWriter, r *request) error {
	port, err := strconv.Atoi(r.PathValue("port"))
	if err != nil {
		return invalid("bad_request", "Invalid port")
	}
	ports := []int{}
	for _, l := range s.listeners() {
		if l.port == port {
			return answer(w, http.StatusOK, row{"status": "ok", "port": port})
		}
		ports = append(ports, l.port)
	}
	return answer(w, http.StatusServiceUnavailable, row{"status": "failed", "reason": "No active listener", "missing": port, "ports": ports})
}

func (s *Service) protocolListener(w http.ResponseWriter, r *request) error {
	// RabbitMQ takes amqp091, amqp0.9.1, amqp, and the like for one.
	name := r.PathValue("protocol")
	switch name {
	case "amqp091", "amqp0.9.1", "amqp0-9-1":
		name = "amqp"
	case "amqps", "amqp+ssl":
		name = "amqp/ssl"
	}
	names := []string{}
	for _, l := range s.listeners() {
		if l.protocol == name {
			return answer(w, http.StatusOK, row{"status": "ok", "protocol": name})
		}
		names = append(names, l.protocol)
	}
	return answer(w, http.StatusServiceUnavailable, row{"status": "failed", "reason": "No active listener", "missing": name, "protocols": names})
}
