package config

import "time"

// Config is the whole configuration. Its zero value is not useful; [Load]
// starts from [Default]. The tags are the keys of the file.
type Config struct {
	DataDir       string        `mapstructure:"data_dir"`
	Memory        bool          `mapstructure:"memory"` // keep nothing on disk; DataDir is then unused
	MQTT          MQTT          `mapstructure:"mqtt"`
	AMQP          AMQP          `mapstructure:"amqp"`
	STOMP         STOMP         `mapstructure:"stomp"`
	WebSocket     WebSocket     `mapstructure:"websocket"`
	AWS           AWS           `mapstructure:"aws"`
	Admin         Admin         `mapstructure:"admin"`
	TLS           TLS           `mapstructure:"tls"` // of every door, where its own says nothing
	ProxyProtocol ProxyProtocol `mapstructure:"proxy_protocol"`
	Namespaces    []Namespace   `mapstructure:"namespaces"`
	Queues        []Queue       `mapstructure:"queues"`
	Topics        []Topic       `mapstructure:"topics"`
	Routes        []Route       `mapstructure:"routes"`
	Policies      []Policy      `mapstructure:"policies"`
	Users         []User        `mapstructure:"users"`
	Log           Log           `mapstructure:"log"`
	Limits        Limits        `mapstructure:"limits"`
}

// MQTT is the door for MQTT clients.
type MQTT struct {
	Listen              []string      `mapstructure:"listen"` // host:port
	TLSListen           []string      `mapstructure:"tls_listen"`
	TLS                 TLS           `mapstructure:"tls"`
	AllowAnonymous      bool          `mapstructure:"allow_anonymous"`
	SysInterval         time.Duration `mapstructure:"sys_interval"`         // of the $SYS topics; 0: there are none
	ServerReference     string        `mapstructure:"server_reference"`     // where clients are sent when this broker stops; "" means nowhere
	ResponseInformation string        `mapstructure:"response_information"` // for clients that ask; "" means none
}

// AMQP is the door for AMQP 0-9-1 clients.
type AMQP struct {
	Listen         []string `mapstructure:"listen"` // host:port
	TLSListen      []string `mapstructure:"tls_listen"`
	TLS            TLS      `mapstructure:"tls"`
	AllowAnonymous bool     `mapstructure:"allow_anonymous"`
	Product        string   `mapstructure:"product"` // what clients are told that the server is: slipway or RabbitMQ
}

// WebSocket is the door through which browsers reach the others.
type WebSocket struct {
	Listen         []string      `mapstructure:"listen"` // host:port
	TLSListen      []string      `mapstructure:"tls_listen"`
	TLS            TLS           `mapstructure:"tls"`
	AllowAnonymous bool          `mapstructure:"allow_anonymous"`
	AllowedHosts   []string      `mapstructure:"allowed_hosts"` // of Host and Origin: host names, *.suffixes or *; no ports
	PingInterval   time.Duration `mapstructure:"ping_interval"` // how long a client may be silent; one more, and it is cut
}

// STOMP is the door for STOMP clients.
type STOMP struct {
	Listen         []string `mapstructure:"listen"` // host:port
	TLSListen      []string `mapstructure:"tls_listen"`
	TLS            TLS      `mapstructure:"tls"`
	AllowAnonymous bool     `mapstructure:"allow_anonymous"`
	Prefetch       int      `mapstructure:"prefetch"` // unsettled deliveries of a subscription that does not say
	Dialect        string   `mapstructure:"dialect"`  // what clients are told: as rabbitmq or activemq does, or, auto, by what they say
}

// AWS is the one endpoint of all AWS-style services.
type AWS struct {
	Listen         []string `mapstructure:"listen"` // host:port
	TLSListen      []string `mapstructure:"tls_listen"`
	TLS            TLS      `mapstructure:"tls"`
	AllowAnonymous bool     `mapstructure:"allow_anonymous"`
	AllowedHosts   []string `mapstructure:"allowed_hosts"` // host names, *.suffixes or *; no ports
	AccountID      string   `mapstructure:"account_id"`    // of the default namespace
	Region         string   `mapstructure:"region"`        // of the default namespace
	ExternalURL    string   `mapstructure:"external_url"`  // "" means: as the client wrote it

	QueueRecreateDelay time.Duration `mapstructure:"queue_recreate_delay"` // after DeleteQueue, until CreateQueue takes the name again

	PrivateEndpoints   []string `mapstructure:"private_endpoints"`   // addresses and networks that notifications may be posted to
	SignNotifications  bool     `mapstructure:"sign_notifications"`  // of SNS
	SigningCertificate string   `mapstructure:"signing_certificate"` // PEM file; "" means: one made and kept in the data directory
	SigningKey         string   `mapstructure:"signing_key"`         // PEM file
}

// Admin is the door for health, metrics and management.
type Admin struct {
	Listen         []string `mapstructure:"listen"` // host:port
	TLSListen      []string `mapstructure:"tls_listen"`
	TLS            TLS      `mapstructure:"tls"`
	AllowAnonymous bool     `mapstructure:"allow_anonymous"`
	AllowedHosts   []string `mapstructure:"allowed_hosts"`
	Profiles       bool     `mapstructure:"profiles"` // serve /debug/pprof
}

// ProxyProtocol says which connections begin with a header of the PROXY protocol.
type ProxyProtocol struct {
	From  []string `mapstructure:"from"`  // addresses and networks of the proxies
	Doors []string `mapstructure:"doors"` // none means all but admin
}

// Namespace is a second, third... space of queues and topics, which AWS
// clients see as this account and region. The default one is not listed.
type Namespace struct {
	Name      string `mapstructure:"name"`
	AccountID string `mapstructure:"account_id"`
	Region    string `mapstructure:"region"`
}

// Queue is a queue that exists from the start.
type Queue struct {
	Name      string `mapstructure:"name"`
	Alias     string `mapstructure:"alias"`     // its name in SQS; "" means the computed one
	Namespace string `mapstructure:"namespace"` // "" is the default one, here and below
}

// Topic is a path that SNS lists from the start.
type Topic struct {
	Name      string `mapstructure:"name"`  // a path, written with "/"
	Alias     string `mapstructure:"alias"` // its name in SNS; "" means the computed one
	Namespace string `mapstructure:"namespace"`
}

// Route binds a queue, created if need be, to all topics that a filter matches.
type Route struct {
	Topic     string `mapstructure:"topic"` // an MQTT filter: sensors/#, sensors/+/temp
	Queue     string `mapstructure:"queue"`
	Namespace string `mapstructure:"namespace"`
}

// Policy sets options of the queues and exchanges that its pattern matches.
// What is 0 or "" it does not set.
type Policy struct {
	Name              string        `mapstructure:"name"`
	Namespace         string        `mapstructure:"namespace"`
	Pattern           string        `mapstructure:"pattern"`  // a regular expression, anywhere in the name
	ApplyTo           string        `mapstructure:"apply_to"` // queues, exchanges, all; "" is all
	Priority          int           `mapstructure:"priority"` // of those that match the highest counts, alone
	MessageTTL        time.Duration `mapstructure:"message_ttl"`
	Expires           time.Duration `mapstructure:"expires"`
	MaxLength         int           `mapstructure:"max_length"`
	MaxLengthBytes    Bytes         `mapstructure:"max_length_bytes"`
	Overflow          string        `mapstructure:"overflow"` // drop-head, reject-publish, reject-publish-dlx
	DeadLetterTo      string        `mapstructure:"dead_letter_exchange"`
	DeadLetterKey     string        `mapstructure:"dead_letter_routing_key"`
	DeliveryLimit     int           `mapstructure:"delivery_limit"`
	AlternateExchange string        `mapstructure:"alternate_exchange"`
}

// User is someone who may connect, through every door.
type User struct {
	Name         string       `mapstructure:"name"`
	PasswordHash string       `mapstructure:"password_hash"` // argon2id, bcrypt or mosquitto_passwd's; "" means no password login
	SCRAMSHA256  string       `mapstructure:"scram_sha256"`  // a verifier; "" means no login by SCRAM-SHA-256
	Namespace    string       `mapstructure:"namespace"`
	AccessKeys   []AccessKey  `mapstructure:"access_keys"`
	Permissions  []Permission `mapstructure:"permissions"` // none means nothing is allowed
	Tags         []string     `mapstructure:"tags"`        // administrator: RabbitMQ's, in every vhost, of the management API
}

// AccessKey is a user's AWS-style credential.
type AccessKey struct {
	ID     string `mapstructure:"id"`
	Secret string `mapstructure:"secret"`
}

// Permission allows actions on the queues and topics that its patterns match.
// What no permission allows is refused.
type Permission struct {
	Allow  []string `mapstructure:"allow"`  // of configure, write, read
	Queues []string `mapstructure:"queues"` // names, in which * stands for any text; of exchanges too
	Topics []string `mapstructure:"topics"` // MQTT filters
}

// Log says what is logged, to standard error, and how.
type Log struct {
	Level  string `mapstructure:"level"`  // debug, info, warn, error
	Format string `mapstructure:"format"` // text, json
}

// Limits bound what clients can make the process hold.
type Limits struct {
	MaxMessageSize   Bytes         `mapstructure:"max_message_size"`
	MaxConnections   int           `mapstructure:"max_connections"`             // of each door
	MaxPerAddress    int           `mapstructure:"max_connections_per_address"` // of each address, MQTT, AMQP, STOMP and WebSocket together; 0: no limit
	MaxQueues        int           `mapstructure:"max_queues"`
	MaxSubscriptions int           `mapstructure:"max_subscriptions"` // of one MQTT session or STOMP connection
	MemoryBudget     Bytes         `mapstructure:"memory_budget"`     // what the process holds: messages, those in reception too, and the store's tables
	MinFreeDisk      Bytes         `mapstructure:"min_free_disk"`
	HandshakeTimeout time.Duration `mapstructure:"handshake_timeout"`
	DrainTimeout     time.Duration `mapstructure:"drain_timeout"`
}

// Bytes is a size. It is written as a number of bytes or with a unit: 512KiB,
// 16MiB, 1GiB.
type Bytes int64

// Units of Bytes.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

// Default returns what `slipway` without file, environment and flags runs with.
// The limits are the defaults of core, written out here because this package
// imports nothing of ours.
func Default() Config {
	return Config{
		DataDir:   "./slipway-data",
		MQTT:      MQTT{Listen: []string{"127.0.0.1:1883"}, SysInterval: 10 * time.Second},
		AMQP:      AMQP{Listen: []string{"127.0.0.1:5672"}, Product: "slipway"},
		STOMP:     STOMP{Listen: []string{"127.0.0.1:61613"}, Prefetch: 65_535, Dialect: "auto"},
		WebSocket: WebSocket{Listen: []string{"127.0.0.1:61618"}, PingInterval: 30 * time.Second},
		AWS: AWS{
			Listen:    []string{"127.0.0.1:4566"},
			AccountID: "000000000000",
			Region:    "us-east-1",

			SignNotifications: true,
		},
		Admin: Admin{Listen: []string{"127.0.0.1:8161"}},
		TLS:   TLS{ClientAuth: "none", ClientName: "cn", MinVersion: "1.2"},
		Log:   Log{Level: "info", Format: "text"},
		Limits: Limits{
			MaxMessageSize:   16 * MiB,
			MaxConnections:   10_000,
			MaxQueues:        1_000_000,
			MaxSubscriptions: 100_000,
			MemoryBudget:     256 * MiB,
			MinFreeDisk:      1 * GiB,
			HandshakeTimeout: 10 * time.Second,
			DrainTimeout:     30 * time.Second,
		},
	}
}
