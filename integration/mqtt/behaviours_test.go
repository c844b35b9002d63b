package mqtt

import (
	"math/rand/v2"

	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

// behaviour is what every client sees of a broker that is right.
type behaviour struct {
	name  string
	since int // version of MQTT; 0 is all
	steps []step
}

// behaviours are the list. A name beginning with p publishes only: it need not
// be a subscriber, which mosquitto_pub is not.
func behaviours() []behaviour {
	return []behaviour{
		{"connect", 0, []step{
			connect{as: "a"}, to("a", 1, "x/+"),
			connect{as: "p"}, publish{"p", line.Message{Topic: "x/y", Payload: []byte("größer"), QoS: 1}},
			gets("a", line.Message{Topic: "x/y", Payload: []byte("größer"), QoS: 1}),
			disconnect{as: "a"}, disconnect{as: "p"},
		}},
		{"auth refused", 0, []step{
			connect{as: "a", password: "wrong", refused: []int{4, 5, 134, 135}},
			connect{as: "a"},
		}},
		{"QoS 0", 0, quality(0)},
		{"QoS 1", 0, quality(1)},
		{"QoS 2", 0, quality(2)},
		{"retained", 0, retained()},
		{"will", 0, will()},
		{"no will after DISCONNECT", 0, noWill()},
		{"session resume", 0, sessionResume()},
		{"shared", 0, []step{
			connect{as: "a"}, to("a", 1, "$share/g/s/#"), connect{as: "b"}, to("b", 1, "$share/g/s/#"),
			connect{as: "p"}, burst{"p", "s/1", 1, 60}, finish{"p"}, all{[]string{"a", "b"}, 1, 60},
			await{"a", 1}, await{"b", 1}, drain{"a"}, drain{"b"}, settle{"b"}, disconnect{as: "b"},
			burst{"p", "s/1", 1, 10}, finish{"p"}, all{[]string{"a"}, 1, 10},
		}},
		{"1 MiB", 0, large()},
		{"request and response", 0, []step{
			connect{as: "b"}, to("b", 1, "request"), connect{as: "a"}, connect{as: "p"},
			ask{"a", line.Message{Topic: "request", Payload: []byte("how many?"), QoS: 1, Props: &line.Props{Response: "answer", Correlation: []byte("no 7")}}},
			gets("b", line.Message{Topic: "request", Payload: []byte("how many?"), QoS: 1, Props: &line.Props{Response: "answer", Correlation: []byte("no 7")}}),
			publish{"p", line.Message{Topic: "answer", Payload: []byte("42"), QoS: 1, Props: &line.Props{Correlation: []byte("no 7")}}},
			gets("a", line.Message{Topic: "answer", Payload: []byte("42"), QoS: 1, Props: &line.Props{Correlation: []byte("no 7")}}),
		}},
		{"publisher reconnects under load, QoS 1", 0, reconnecting(1, "p")},
		{"publisher reconnects under load, QoS 2", 0, reconnecting(2, "p")},
		{"subscriber reconnects under load, QoS 1", 0, reconnecting(1, "a")},
		{"subscriber reconnects under load, QoS 2", 0, reconnecting(2, "a")},
		{"5: properties", 5, properties()},
		{"5: subscription options", 5, subscriptionOptions()},
		{"5: subscription identifiers", 5, []step{
			connect{as: "a"}, withID("a", 7, "i/+"), connect{as: "b"}, withID("b", 268435455, "i/#"), connect{as: "p"},
			publish{"p", line.Message{Topic: "i/x", QoS: 1, Payload: []byte("1")}},
			gets("a", line.Message{Topic: "i/x", QoS: 1, Payload: []byte("1"), Props: &line.Props{SubIDs: []int{7}}}),
			gets("b", line.Message{Topic: "i/x", QoS: 1, Payload: []byte("1"), Props: &line.Props{SubIDs: []int{268435455}}}),
		}},
		{"5: will delay", 5, willDelay()},
		{"5: will properties", 5, willProperties()},
		{"5: message expiry", 5, messageExpiry()},
		{"5: session expiry", 5, sessionExpiry()},
		{"5: receive maximum", 5, []step{
			connect{as: "a", receive: 3, session: true}, to("a", 2, "m"), connect{as: "p"},
			burst{"p", "m", 2, 50}, finish{"p"}, all{[]string{"a"}, 2, 50}, inflight{"a", 3},
		}},
		{"5: topic alias", 5, []step{
			connect{as: "a"}, to("a", 1, "l/#"), connect{as: "p"},
			publish{"p", line.Message{Topic: "l/1", QoS: 1, Payload: []byte("1"), Props: &line.Props{Alias: 1}}},
			publish{"p", line.Message{Topic: "", QoS: 1, Payload: []byte("2"), Props: &line.Props{Alias: 1}}},
			publish{"p", line.Message{Topic: "l/2", QoS: 1, Payload: []byte("3"), Props: &line.Props{Alias: 1}}},
			publish{"p", line.Message{Topic: "", QoS: 1, Payload: []byte("4"), Props: &line.Props{Alias: 1}}},
			gets("a", text("l/1", "1", 1), text("l/1", "2", 1), text("l/2", "3", 1), text("l/2", "4", 1)),
		}},
	}
}

func text(topic, payload string, qos int) line.Message {
	return line.Message{Topic: topic, Payload: []byte(payload), QoS: qos}
}

func kept(m line.Message) line.Message {
	m.Retain = true
	return m
}

func withID(as string, id int, filters ...string) subscribe {
	s := to(as, 1, filters...)
	s.subid = id
	return s
}

// quality publishes with one QoS to subscribers of each.
func quality(qos int) []step {
	subscribers := []string{"s0", "s1", "s2"}
	var steps []step
	for granted, as := range subscribers {
		steps = append(steps, connect{as: as}, to(as, granted, "q/#"))
	}
	steps = append(steps, connect{as: "p"})
	for _, payload := range []string{"one", "", "three"} {
		steps = append(steps, publish{"p", text("q/t", payload, qos)})
	}
	for granted, as := range subscribers {
		q := min(qos, granted)
		steps = append(steps, gets(as, text("q/t", "one", q), text("q/t", "", q), text("q/t", "three", q)))
	}
	return steps
}

func retained() []step {
	return []step{
		connect{as: "p"}, publish{"p", kept(text("r/1", "first", 1))},
		connect{as: "a"}, to("a", 1, "r/#"), gets("a", kept(text("r/1", "first", 1))),
		// To who has subscribed before it is a message like any other.
		publish{"p", kept(text("r/1", "second", 1))}, gets("a", text("r/1", "second", 1)),
		connect{as: "b"}, to("b", 1, "r/1"), gets("b", kept(text("r/1", "second", 1))),
		publish{"p", kept(text("r/1", "", 1))}, gets("a", text("r/1", "", 1)), gets("b", text("r/1", "", 1)),
		connect{as: "c"}, to("c", 1, "r/+"), publish{"p", text("r/1", "last", 1)}, gets("c", text("r/1", "last", 1)),
	}
}

func will() []step {
	m := text("w/a", "gone", 1)
	return []step{
		connect{as: "b"}, to("b", 1, "w/#"),
		connect{as: "a", will: &m}, to("a", 1, "other"), crash{"a"}, gets("b", m),
	}
}

func noWill() []step {
	m := text("w/a", "gone", 1)
	return []step{
		connect{as: "b"}, to("b", 1, "w/#"),
		connect{as: "a", will: &m}, to("a", 1, "other"), disconnect{as: "a"},
		connect{as: "p"}, publish{"p", text("w/last", "last", 1)}, gets("b", text("w/last", "last", 1)),
	}
}

func sessionResume() []step {
	away := func(payload string) []step {
		return []step{publish{"p", text("s/1", payload+" 1", 1)}, publish{"p", text("s/2", payload+" 2", 2)}, publish{"p", text("s/1", payload+" 3", 1)}}
	}
	back := func(payload string) step {
		return receive{as: "a", unordered: true, messages: []line.Message{text("s/1", payload+" 1", 1), text("s/2", payload+" 2", 2), text("s/1", payload+" 3", 1)}}
	}
	steps := []step{connect{as: "p"}, connect{as: "a", session: true}, to("a", 2, "s/#"), disconnect{as: "a"}}
	steps = append(steps, away("left")...)
	steps = append(steps, connect{as: "a", session: true, present: true}, back("left"), crash{"a"})
	steps = append(steps, away("crashed")...)
	steps = append(steps, connect{as: "a", session: true, present: true}, back("crashed"), disconnect{as: "a"})
	steps = append(steps, away("lost")...)
	return append(steps, connect{as: "a"}, to("a", 2, "s/#"), publish{"p", text("s/1", "last", 1)}, gets("a", text("s/1", "last", 1)))
}

// large has payloads that no text and no frame of a socket's size would hide
// mistakes in.
func large() []step {
	payload := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(payload)
	steps := []step{connect{as: "a"}, to("a", 2, "big"), connect{as: "p"}}
	for qos := range 3 {
		m := line.Message{Topic: "big", Payload: payload, QoS: qos}
		steps = append(steps, publish{"p", m}, gets("a", m))
	}
	return steps
}

// reconnecting cuts off the publisher or the subscriber in the middle of its
// work, twice.
func reconnecting(qos int, who string) []step {
	const count = 300
	return []step{
		connect{as: "a", session: true, reconnect: true}, to("a", qos, "load"),
		connect{as: "p", session: true, reconnect: true}, burst{"p", "load", qos, count},
		await{"a", 40}, cut{who}, await{"a", 120}, cut{who},
		finish{"p"}, all{[]string{"a"}, qos, count},
	}
}

func properties() []step {
	m := text("p", "{}", 1)
	m.Props = &line.Props{
		User: [][2]string{{"k", "2"}, {"k", "1"}, {"k", "2"}, {"ü", "ä"}}, Type: "application/json", Text: true,
		Response: "r/1", Correlation: []byte("some data"), Expiry: 600,
	}
	bare := text("p", "bare", 2)
	bare.Props = &line.Props{}
	return []step{
		connect{as: "a"}, to("a", 2, "p"), connect{as: "p"},
		publish{"p", m}, publish{"p", bare}, gets("a", m, bare),
	}
}

func subscriptionOptions() []step {
	return []step{
		connect{as: "a"},
		subscribe{as: "a", filters: []line.Filter{{Filter: "own", QoS: 1, NoLocal: true}}},
		subscribe{as: "a", filters: []line.Filter{{Filter: "asis", QoS: 1, AsIs: true}}},
		publish{"a", text("own", "not to me", 1)}, publish{"a", kept(text("asis", "kept", 1))}, gets("a", kept(text("asis", "kept", 1))),
		// 2: no retained messages; 1: only if the subscription is new.
		subscribe{as: "a", filters: []line.Filter{{Filter: "+", QoS: 1, Handling: 2}}},
		subscribe{as: "a", filters: []line.Filter{{Filter: "asis", QoS: 1, Handling: 1, AsIs: true}}},
		publish{"a", text("last", "1", 1)}, gets("a", text("last", "1", 1)),
		connect{as: "b"},
		subscribe{as: "b", filters: []line.Filter{{Filter: "asis", QoS: 1, Handling: 1}}}, gets("b", kept(text("asis", "kept", 1))),
		subscribe{as: "b", filters: []line.Filter{{Filter: "asis", QoS: 1, Handling: 1}}},
		subscribe{as: "b", filters: []line.Filter{{Filter: "asis", QoS: 1, Handling: 0}}}, gets("b", kept(text("asis", "kept", 1))),
		publish{"a", text("asis", "last", 1)}, gets("b", text("asis", "last", 1)),
	}
}

func willDelay() []step {
	m := text("w", "gone", 1)
	m.Props = &line.Props{Delay: 1, User: [][2]string{{"a", "1"}, {"a", "2"}}}
	return []step{
		connect{as: "b"}, to("b", 1, "w"),
		connect{as: "a", session: true, will: &m}, to("a", 1, "other"), crash{"a"},
		connect{as: "p"}, publish{"p", text("w", "sooner", 1)}, gets("b", text("w", "sooner", 1), m),
	}
}

func willProperties() []step {
	m := kept(text("w", "gone", 2))
	m.Props = &line.Props{
		User: [][2]string{{"a", "1"}, {"a", "2"}}, Type: "text/plain", Text: true, Expiry: 60, Response: "r", Correlation: []byte("data"),
	}
	live := m
	live.Retain = false
	return []step{
		connect{as: "b"}, to("b", 2, "w"), connect{as: "a", will: &m}, to("a", 1, "other"), crash{"a"}, gets("b", live),
		connect{as: "c"}, to("c", 2, "w"), gets("c", m),
	}
}

// messageExpiry takes a delayed will for a clock.
func messageExpiry() []step {
	short, long, clock := text("e", "short", 1), text("e", "long", 1), text("clock", "", 1)
	short.Props, long.Props, clock.Props = &line.Props{Expiry: 1}, &line.Props{Expiry: 100}, &line.Props{Delay: 2}
	left := long
	left.Props = &line.Props{Expiry: 98}
	return []step{
		connect{as: "a", session: true}, to("a", 1, "e"), disconnect{as: "a"},
		connect{as: "p"}, publish{"p", short}, publish{"p", long},
		connect{as: "b"}, to("b", 1, "clock"),
		connect{as: "c", session: true, will: &clock}, to("c", 1, "other"), crash{"c"}, gets("b", text("clock", "", 1)),
		connect{as: "a", session: true, present: true}, gets("a", left),
	}
}

func sessionExpiry() []step {
	return []step{
		connect{as: "a", session: true}, to("a", 1, "x"), disconnect{as: "a"},
		connect{as: "a", session: true, present: true}, disconnect{as: "a", expiry: new(int)},
		connect{as: "a", session: true}, to("a", 1, "x"),
	}
}
