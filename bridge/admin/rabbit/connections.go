package rabbit

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// A Connection is one client's, for lists. Its JSON is that of the admin door's
// own list; RabbitMQ's is made of it here.
type Connection struct {
	ID        uint64    `json:"id"`
	Protocol  string    `json:"protocol"`
	Remote    string    `json:"remote"`
	Transport string    `json:"transport"` // tcp, tls, ws, wss
	Since     time.Time `json:"since"`
	Client    string    `json:"client,omitempty"`
	User      string    `json:"user,omitempty"`
	BytesIn   uint64    `json:"bytesIn"`
	BytesOut  uint64    `json:"bytesOut"`
	Queued    int       `json:"queued"` // bytes it has not taken yet

	Local      string         `json:"-"` // the listener's address, if it is known
	Namespace  string         `json:"-"`
	State      string         `json:"-"` // "" is running
	ChannelMax int            `json:"-"`
	FrameMax   int            `json:"-"`
	Heartbeat  time.Duration  `json:"-"`
	Properties map[string]any `json:"-"` // the client's
	Channels   []Channel      `json:"-"`
}

// A Channel is one of a connection's.
type Channel struct {
	Number      int
	Consumers   int
	Unacked     int // deliveries that the client has not settled
	Unconfirmed int
	Prefetch    int // of its consumers
	Global      int // of the channel
	Confirms    bool
	Transaction bool
}

// protocolShown is what RabbitMQ calls a connection's protocol.
func protocolShown(name string) string {
	switch name {
	case "amqp":
		return "AMQP 0-9-1"
	case "mqtt":
		return "MQTT"
	case "stomp":
		return "STOMP"
	}
	return name
}

// name is what RabbitMQ calls the connection. Without the listener's address the
// id makes it one.
func (c *Connection) name() string {
	if c.Local == "" {
		return fmt.Sprintf("%s -> %d", c.Remote, c.ID)
	}
	return c.Remote + " -> " + c.Local
}

func (c *Connection) vhost() string {
	if c.Namespace == "" {
		return defaultVhost
	}
	return c.Namespace
}

func (c *Connection) row() row {
	host, port := hostPort(c.Remote)
	ours, at := hostPort(c.Local)
	state, properties := c.State, c.Properties
	if state == "" {
		state = "running"
	}
	if properties == nil {
		properties = map[string]any{}
	}
	return row{
		"name": c.name(), "node": nodeName, "vhost": c.vhost(), "user": c.User, "user_who_performed_action": c.User, "state": state,
		"protocol": protocolShown(c.Protocol), "ssl": c.Transport == "tls" || c.Transport == "wss", "peer_host": host, "peer_port": port, "host": ours, "port": at,
		"connected_at": c.Since.UnixMilli(), "type": "network", "channels": len(c.Channels), "channel_max": c.ChannelMax,
		"frame_max": c.FrameMax, "timeout": int(c.Heartbeat.Seconds()), "client_properties": properties, "user_provided_name": c.Client,
		"recv_oct": c.BytesIn, "send_oct": c.BytesOut, "send_pend": c.Queued, "auth_mechanism": "",
	}
}

func hostPort(address string) (host string, port int) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return address, 0
	}
	port, _ = strconv.Atoi(text)
	return host, port
}

// allConnections is those that somebody may see, or of them the path's vhost's: who
// monitors sees all, or in his own vhost; others see their own.
func (s *Service) allConnections(r *request) (all []Connection) {
	if s.cfg.Connections == nil {
		return nil
	}
	for _, c := range s.cfg.Connections() {
		if (r.ns == nil || c.Namespace == r.ns.Name()) && seesConnection(r.caller, &c) {
			all = append(all, c)
		}
	}
	return all
}

func seesConnection(who *core.Principal, c *Connection) bool {
	switch {
	case IsAdministrator(who):
		return true
	case !who.Account():
		return c.Namespace == who.Namespace && (c.User == who.Name || Oversees(who, core.Read))
	}
	return Oversees(who, core.Read) || c.User == who.Name && who.In(c.Namespace) != nil
}

func (s *Service) connections(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) {
		for _, c := range s.allConnections(r) {
			if !yield(c.row()) {
				return
			}
		}
	})
}

func notTheirs(who *core.Principal) error {
	if who.Account() {
		return refused("User not authorised to access object")
	}
	return denied
}

func (s *Service) find(r *request) (*Connection, error) {
	if s.cfg.Connections == nil {
		return nil, notFound
	}
	for _, c := range s.cfg.Connections() {
		switch {
		case c.name() != r.PathValue("connection"):
		case !seesConnection(r.caller, &c):
			return nil, notTheirs(r.caller)
		default:
			return &c, nil
		}
	}
	return nil, notFound
}

func (s *Service) connection(w http.ResponseWriter, r *request) error {
	c, err := s.find(r)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, c.row())
}

// disconnect ends one connection, with a goodbye where its protocol has one.
func (s *Service) disconnect(w http.ResponseWriter, r *request) error {
	c, err := s.find(r)
	if err != nil {
		return err
	}
	if c.User != r.caller.Name && !Oversees(r.caller, core.Configure) {
		return lacks(r.caller, core.Configure)
	}
	if s.cfg.Disconnect == nil || !s.cfg.Disconnect(c.ID) {
		return notFound
	}
	s.did(r, "connection ended through the management API", "connection", c.name())
	return done(w, false)
}

func (c *Connection) channelRow(ch *Channel) row {
	return row{
		"name": fmt.Sprintf("%s (%d)", c.name(), ch.Number), "number": ch.Number, "node": nodeName, "vhost": c.vhost(), "user": c.User,
		"state": "running", "consumer_count": ch.Consumers, "messages_unacknowledged": ch.Unacked, "messages_unconfirmed": ch.Unconfirmed,
		"messages_uncommitted": 0, "acks_uncommitted": 0, "prefetch_count": ch.Prefetch, "global_prefetch_count": ch.Global,
		"user_who_performed_action": c.User, "confirm": ch.Confirms, "transactional": ch.Transaction, "connection_details": c.details(),
	}
}

func (c *Connection) details() row {
	host, port := hostPort(c.Remote)
	return row{"name": c.name(), "peer_host": host, "peer_port": port}
}

func (s *Service) channelsOf(w http.ResponseWriter, r *request) error {
	c, err := s.find(r)
	if err != nil {
		return err
	}
	return list(w, r, func(yield func(row) bool) {
		for i := range c.Channels {
			if !yield(c.channelRow(&c.Channels[i])) {
				return
			}
		}
	})
}

func (s *Service) channel(w http.ResponseWriter, r *request) error {
	name := r.PathValue("channel")
	connection, _, _ := strings.Cut(name, " (")
	r.SetPathValue("connection", connection)
	c, err := s.find(r)
	if err != nil {
		return err
	}
	for i := range c.Channels {
		if x := c.channelRow(&c.Channels[i]); x["name"] == name {
			x["publishes"], x["deliveries"] = []row{}, []row{}
			return answer(w, http.StatusOK, x)
		}
	}
	return notFound
}

func (s *Service) channels(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) {
		for _, c := range s.allConnections(r) {
			for i := range c.Channels {
				if !yield(c.channelRow(&c.Channels[i])) {
					return
				}
			}
		}
	})
}
