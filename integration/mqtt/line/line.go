package line

// A Request is a line to a driver.
type Request struct {
	N  int    `json:"n"`
	Op string `json:"op"`
	C  string `json:"c"`

	Transport string   `json:"transport,omitempty"` // tcp, tls, ws, wss; WebSocket's path is /mqtt
	CA        string   `json:"ca,omitempty"`        // a file: who vouches for the broker
	Host      string   `json:"host,omitempty"`
	Port      int      `json:"port,omitempty"`
	Version   int      `json:"version,omitempty"` // 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5
	ID        string   `json:"id,omitempty"`
	Clean     bool     `json:"clean,omitempty"`
	Expiry    *int     `json:"expiry,omitempty"` // of the session, seconds
	User      string   `json:"user,omitempty"`
	Password  string   `json:"password,omitempty"`
	Reconnect bool     `json:"reconnect,omitempty"` // by itself, quickly, and go on with what is under way
	Receive   int      `json:"receive,omitempty"`   // receive maximum
	Will      *Message `json:"will,omitempty"`

	Filters []Filter `json:"filters,omitempty"`
	SubID   int      `json:"subid,omitempty"`

	Message *Message `json:"message,omitempty"`
	Count   int      `json:"count,omitempty"`
}

// A Filter is one of a SUBSCRIBE. The last three are MQTT 5's.
type Filter struct {
	Filter   string `json:"filter"`
	QoS      int    `json:"qos"`
	NoLocal  bool   `json:"nolocal,omitempty"`
	AsIs     bool   `json:"asis,omitempty"`     // retain as published
	Handling int    `json:"handling,omitempty"` // of retained messages
}

// A Message is published, received or a will.
type Message struct {
	Topic   string `json:"topic"`
	Payload []byte `json:"payload"`
	QoS     int    `json:"qos"`
	Retain  bool   `json:"retain,omitempty"`
	Props   *Props `json:"props,omitempty"`
}

// Props are the properties of MQTT 5 that a message may have.
type Props struct {
	User        [][2]string `json:"user,omitempty"`
	Type        string      `json:"type,omitempty"`
	Text        bool        `json:"text,omitempty"` // payload format indicator
	Response    string      `json:"response,omitempty"`
	Correlation []byte      `json:"correlation,omitempty"`
	Expiry      int         `json:"expiry,omitempty"`
	Alias       int         `json:"alias,omitempty"`
	Delay       int         `json:"delay,omitempty"`  // of a will
	SubIDs      []int       `json:"subids,omitempty"` // received only
}

// An Output is a line from a driver: an answer to request N, or a message for
// the connection C.
type Output struct {
	N       int      `json:"n,omitempty"`
	Error   string   `json:"error,omitempty"`
	C       string   `json:"c,omitempty"`
	Message *Message `json:"message,omitempty"`
}
