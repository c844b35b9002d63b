package stomp

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// Destinations, as RabbitMQ and ActiveMQ spell them. The two do not clash.
//
//	/queue/a  queue://a  a                  the queue; created when it is used first
//	/topic/a.b  topic://a.b                 the topic path a/b
//	/exchange/x/key  /exchange/x            an exchange that is there
//	/amq/queue/a                            a queue that is there
//	/temp-queue/a  temp-queue://a           this connection's own queue (temp.go); temp-topic likewise
//	/reply-queue/a  /remote-temp-queue/a    somebody's temporary queue; remote-temp-topic likewise
//	a,b  /queue/a,/topic/b                  all of them; what has no prefix is of the kind before it
//	a.*.c  a.>  a.#                         subscribing to topics: one word; any number, at the end; any number
//
//	a?consumer.priority=1&consumer.x=y      as without: ActiveMQ's options of JMS clients, without effect over STOMP there too
//
// In names %2F is a slash and %2C a comma, as in RabbitMQ.

// place is what a destination is of.
type place uint8

const (
	queuePlace    place = iota
	topicPlace          //
	exchangePlace       //
	givenQueue          // is not created
	tempQueue           //
	tempTopic           //
	replyQueue          //
	replyTopic          //
)

// A destination is one, taken apart.
type destination struct {
	text  string
	rest  string // of it, behind its prefix
	place place
	name  string // of the queue, the exchange, or a topic with dots
	key   string // exchange only
	keyed bool   // there was one
}

// prefixes are the spellings, longer ones first where one begins another.
var prefixes = []struct {
	prefix string
	place  place
}{
	{"/queue/", queuePlace}, {"/topic/", topicPlace}, {"/exchange/", exchangePlace}, {"/amq/queue/", givenQueue},
	{"/temp-queue/", tempQueue}, {"/temp-topic/", tempTopic}, {"/reply-queue/", replyQueue},
	{"/remote-temp-queue/", replyQueue}, {"/remote-temp-topic/", replyTopic},
	{"queue://", queuePlace}, {"topic://", topicPlace}, {"temp-queue://", tempQueue}, {"temp-topic://", tempTopic},
}

// maxComposite bounds the parts of one.
const maxComposite = 64

// parseDestinations reads a destination header.
func parseDestinations(text string) ([]destination, error) {
	parts := strings.Split(text, ",")
	if len(parts) > maxComposite {
		return nil, refuse("Invalid destination", "a destination of over %d parts", maxComposite)
	}
	all := make([]destination, 0, len(parts))
	before := queuePlace
	for _, part := range parts {
		d, err := parseDestination(strings.TrimSpace(part), before)
		if err != nil {
			return nil, err
		}
		before = d.place
		all = append(all, d)
	}
	return all, nil
}

func parseDestination(text string, bare place) (destination, error) {
	d := destination{text: text, place: bare, name: withoutOptions(text)}
	found := false
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(d.name, p.prefix); ok {
			d.place, d.name, found = p.place, rest, true
			break
		}
	}
	if !found && strings.HasPrefix(text, "/") {
		return d, refuse("Unknown destination", "%q is no destination: it begins with none of /queue/, /topic/, /exchange/, /amq/queue/, /temp-queue/, /temp-topic/ and /reply-queue/", text)
	}
	if d.rest = d.name; d.place == exchangePlace {
		d.name, d.key, d.keyed = strings.Cut(d.name, "/")
		d.key = decoded(d.key)
	}
	if d.name = decoded(d.name); d.name == "" && d.place != exchangePlace {
		return d, refuse("Invalid destination", "%q names nothing", text)
	}
	return d, nil
}

// withoutOptions cuts ActiveMQ's options off. Any other question mark is part of
// the name, as in RabbitMQ.
func withoutOptions(text string) string {
	name, options, _ := strings.Cut(text, "?consumer.")
	for option := range strings.SplitSeq(options, "&consumer.") {
		if !strings.Contains(option, "=") || strings.ContainsAny(option, "&?") {
			return text
		}
	}
	return name
}

// decoded undoes percent encoding; what is none stays.
func decoded(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := hexDigit(s[i+1]), hexDigit(s[i+2]); hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// encoded is a name as it stands in a destination.
var encoded = strings.NewReplacer("%", "%25", ",", "%2C", "/", "%2F").Replace

// spelled is the destination of an address, "" for none.
func spelled(a core.Address) string {
	switch a.Kind {
	case core.ToQueue:
		if strings.HasPrefix(a.Name, tempPrefix) {
			return "/reply-queue/" + encoded(a.Name)
		}
		return "/queue/" + encoded(a.Name)
	case core.ToTopic:
		if rest, ok := strings.CutPrefix(a.Name, tempTopicPrefix); ok {
			return "/remote-temp-topic/" + rest
		}
		return "/topic/" + encoded(match.Swap(a.Name))
	case core.ToExchange:
		return "/exchange/" + encoded(a.Name) + "/" + encoded(a.Key)
	}
	return ""
}

// filterOf is what a subscription to a topic matches.
func (d *destination) filterOf() (match.Filter, error) {
	key := d.name
	switch rest, more := strings.CutSuffix(key, ".>"); {
	case key == ">":
		key = "#"
	case more:
		key = rest + ".#" // also the parent, as in ActiveMQ 5.17
	}
	filter, err := match.ParseDotted(key)
	if err != nil {
		return filter, refuse("Invalid destination", "%s: %v", d.text, err)
	}
	return filter, nil
}

// virtualTopic is the topic whose messages a queue of that name gets: ActiveMQ's
// Consumer.A.VirtualTopic.orders gets those of VirtualTopic.orders.
func virtualTopic(queue string) (topic string, ok bool) {
	rest, ok := strings.CutPrefix(queue, "Consumer.")
	if !ok {
		return "", false
	}
	_, topic, ok = strings.Cut(rest, ".")
	return topic, ok && strings.HasPrefix(topic, "VirtualTopic.") && len(topic) > len("VirtualTopic.")
}

// replyAddress is where a reply-to header points; none for what is no one place.
func replyAddress(text string) core.Address {
	all, err := parseDestinations(text)
	if err != nil || len(all) != 1 {
		return core.Address{}
	}
	return all[0].address()
}

// address is what the destination is to the core; none for this connection's
// temporary ones, which temp.go knows.
func (d *destination) address() core.Address {
	switch d.place {
	case queuePlace, givenQueue, replyQueue:
		return core.QueueAddress(d.name)
	case topicPlace:
		return core.TopicAddress(match.Swap(d.name))
	case replyTopic:
		return core.TopicAddress(tempTopicPrefix + d.name)
	case exchangePlace:
		return core.ExchangeAddress(d.name, d.key)
	}
	return core.Address{}
}
