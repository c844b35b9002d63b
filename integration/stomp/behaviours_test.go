package stomp

import (
	"strings"
)

// behaviour is what every client sees of a broker that is right.
type behaviour struct {
	name  string
	since string // version
	run   func(x *cell)
}

func behaviours() []behaviour {
	return []behaviour{
		{"connect", "1.0", connects},
		{"login refused", "1.0", loginRefused},
		{"send, receipt, headers", "1.0", sends},
		{"ack: auto", "1.0", acksNothing},
		{"ack: client", "1.0", acksAllBefore},
		{"ack: client-individual", "1.1", acksOne},
		{"nack", "1.1", nacks},
		{"transactions", "1.0", transactions},
		{"topic, wildcards", "1.0", topics},
		{"durable subscriber, RabbitMQ", "1.0", durableRabbitMQ},
		{"durable subscriber, ActiveMQ", "1.0", durableActiveMQ},
		{"temporary queue and reply", "1.0", replies},
		{"selector", "1.0", selectors},
		{"heart-beat lost", "1.1", heartBeatLost},
		{"binary, 1 MiB", "1.0", large},
		{"error", "1.0", errorEnds},
		{"disconnect", "1.0", disconnects},
	}
}

func connects(x *cell) {
	e := x.connect("a")
	if e.Headers["version"] != x.version || !strings.HasPrefix(e.Headers["server"], "slipway") {
		x.Errorf("%v", e.Headers)
	}
}

func loginRefused(x *cell) {
	if _, err := x.tryConnect("a", map[string]any{"password": "wrong"}); err == nil {
		x.Error("a wrong password is let in")
	}
	x.connect("b")
}

func sends(x *cell) {
	x.connect("a")
	x.connect("b")
	x.subscribe("b", "s1", "/queue/q", "auto", nil)
	hs := headers{"persistent": "true", "color": "red", "odd": "a:b c\\", "priority": "4"}
	if x.version != "1.2" {
		hs["odd"] = "a-b c" // go-stomp escapes a colon in 1.0 too, @stomp/stompjs escapes nothing before 1.2
	}
	x.send("a", "/queue/q", "größer", hs)
	e := x.gets("b", "größer")[0]
	hs["destination"], hs["subscription"] = x.dest("/queue/q"), "s1"
	x.want(e, hs)
	if e.Headers["message-id"] == "" {
		x.Error("no message-id")
	}
}

// back shows what comes to another consumer.
func (x *cell) back(dest string, bodies ...string) {
	x.Helper()
	x.connect("back")
	x.subscribe("back", "b", dest, "auto", nil)
	for _, e := range x.gets("back", bodies...) {
		if e.Headers["redelivered"] != "true" {
			x.Errorf("%q comes without redelivered", e.Body)
		}
	}
	x.nothing("back", dest)
}

func acksNothing(x *cell) {
	x.connect("a")
	x.subscribe("a", "s1", "/queue/q", "auto", nil)
	for _, body := range []string{"1", "2", "3"} {
		x.send("a", "/queue/q", body, nil)
	}
	x.gets("a", "1", "2", "3")
	x.must("unsubscribe", "a", map[string]any{"id": "s1"})
	x.sync("a")
	x.back("/queue/q")
}

// three sends three messages to a consumer of that mode and returns them.
func (x *cell) three(mode string) []event {
	x.Helper()
	x.connect("a")
	x.subscribe("a", "s1", "/queue/q", mode, nil)
	for _, body := range []string{"1", "2", "3"} {
		x.send("a", "/queue/q", body, headers{"persistent": "true"})
	}
	return x.gets("a", "1", "2", "3")
}

func acksAllBefore(x *cell) {
	all := x.three("client")
	x.ack("ack", "a", all[1], "")
	x.proxies["a"].cut()
	x.back("/queue/q", "3")
}

func acksOne(x *cell) {
	all := x.three("client-individual")
	x.ack("ack", "a", all[1], "")
	x.proxies["a"].cut()
	x.back("/queue/q", "1", "3")
}

func nacks(x *cell) {
	x.connect("a")
	x.subscribe("a", "s1", "/queue/q", "client-individual", nil)
	x.send("a", "/queue/q", "again", nil)
	x.ack("nack", "a", x.gets("a", "again")[0], "")
	e := x.gets("a", "again")[0]
	x.want(e, headers{"redelivered": "true"})
	x.ack("ack", "a", e, "")
	x.nothing("a", "/queue/q")
}

func transactions(x *cell) {
	all := x.three("client")
	x.connect("b")
	x.subscribe("b", "s1", "/queue/out", "auto", nil)
	x.must("begin", "a", map[string]any{"transaction": "t1"})
	x.sendIn("a", "t1", "/queue/out", "never", nil)
	x.ack("ack", "a", all[1], "t1")
	x.must("abort", "a", map[string]any{"transaction": "t1"})
	x.nothing("b", "/queue/out")
	x.must("begin", "a", map[string]any{"transaction": "t2"})
	x.sendIn("a", "t2", "/queue/out", "first", headers{"persistent": "true"})
	x.sendIn("a", "t2", "/queue/out", "second", nil)
	x.ack("ack", "a", all[0], "t2")
	x.nothing("b", "/queue/out")
	x.must("commit", "a", map[string]any{"transaction": "t2"})
	x.gets("b", "first", "second")
	x.proxies["a"].cut()
	x.back("/queue/q", "2", "3")
}

func topics(x *cell) {
	x.connect("a")
	x.subscribe("a", "one", "/topic/t.*", "auto", nil)
	x.connect("b")
	x.subscribe("b", "all", "/topic/t.>", "auto", nil)
	x.connect("p")
	for _, d := range []string{"/topic/t.a", "/topic/t.a.b", "/topic/u.a", "/topic/t.c"} {
		x.send("p", d, d, nil)
	}
	x.gets("a", "/topic/t.a", "/topic/t.c")
	x.want(x.gets("b", "/topic/t.a", "/topic/t.a.b", "/topic/t.c")[1], headers{"destination": x.dest("/topic/t.a.b"), "subscription": "all"})
}

func (x *cell) durable(connect map[string]any, subscribe, end headers) {
	x.connect("a", connect)
	x.subscribe("a", "s1", "/topic/news", "auto", subscribe)
	x.connect("p")
	x.send("p", "/topic/news", "there", headers{"persistent": "true"})
	x.gets("a", "there")
	x.must("disconnect", "a", nil)
	x.send("p", "/topic/news", "away", headers{"persistent": "true"})
	x.connect("again", connect)
	x.subscribe("again", "s1", "/topic/news", "auto", subscribe)
	x.gets("again", "away")
	x.must("unsubscribe", "again", map[string]any{"id": "s1", "headers": end})
	x.sync("again")
	x.send("p", "/topic/news", "to nobody", headers{"persistent": "true"})
	x.subscribe("again", "s2", "/topic/news", "auto", nil)
	x.nothing("again", "/topic/news")
}

func durableRabbitMQ(x *cell) {
	x.durable(nil, headers{"durable": "true", "auto-delete": "false"}, headers{"durable": "true"})
}

func durableActiveMQ(x *cell) {
	x.durable(map[string]any{"headers": headers{"client-id": x.tag + "me"}}, headers{"activemq.subscriptionName": "news"}, headers{"activemq.subscriptionName": "news"})
}

func replies(x *cell) {
	x.connect("server")
	x.subscribe("server", "s1", "/queue/rpc", "auto", nil)
	x.connect("a")
	x.subscribe("a", "mine", "/temp-queue/answers", "auto", nil)
	x.send("a", "/queue/rpc", "how many?", headers{"reply-to": x.dest("/temp-queue/answers"), "correlation-id": "7"})
	e := x.gets("server", "how many?")[0]
	x.must("send", "server", map[string]any{"destination": e.Headers["reply-to"], "body": []byte("42"), "headers": headers{"correlation-id": e.Headers["correlation-id"]}, "receipt": true})
	x.want(x.gets("a", "42")[0], headers{"subscription": "mine", "correlation-id": "7"})
}

func selectors(x *cell) {
	x.connect("a")
	x.subscribe("a", "s1", "/queue/q", "auto", headers{"selector": "color = 'red' AND size > 10"})
	x.subscribe("a", "s2", "/topic/t", "auto", headers{"selector": "color <> 'red'"})
	for _, d := range []string{"/queue/q", "/topic/t"} {
		x.send("a", d, "small", headers{"color": "red", "size": "9"})
		x.send("a", d, "blue", headers{"color": "blue", "size": "11"})
		x.send("a", d, "large", headers{"color": "red", "size": "11"})
	}
	x.want(x.gets("a", "large")[0], headers{"subscription": "s1"})
	x.want(x.gets("a", "blue")[0], headers{"subscription": "s2"})
}

func heartBeatLost(x *cell) {
	x.connect("a", map[string]any{"send": 1000, "receive": 1000})
	x.subscribe("a", "s1", "/queue/q", "client", nil)
	x.send("a", "/queue/q", "held", nil)
	x.gets("a", "held")
	x.connect("b")
	x.subscribe("b", "s1", "/queue/q", "auto", nil)
	x.proxies["a"].hush()
	x.want(x.gets("b", "held")[0], headers{"redelivered": "true"})
	x.ends("a")
}

func large(x *cell) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	x.connect("a")
	x.subscribe("a", "s1", "/queue/q", "auto", nil)
	for _, body := range []string{"\x00", string(every), strings.Repeat(string(every), 4096), ""} {
		x.send("a", "/queue/q", body, headers{"persistent": "true"})
		x.gets("a", body)
	}
}

func errorEnds(x *cell) {
	x.connect("a")
	x.subscribe("a", "s1", "/queue/q", "auto", nil)
	_, err := x.ask("send", "a", map[string]any{"destination": "/nowhere/x", "receipt": true})
	if err == nil {
		x.Error("a receipt for what goes nowhere")
	}
	if e := x.ends("a"); e.Failure != "" && e.Failure != "Unknown destination" {
		x.Errorf("%+v", e)
	}
}

func disconnects(x *cell) {
	x.connect("a")
	x.subscribe("a", "s1", "/queue/q", "client", nil)
	x.send("a", "/queue/q", "held", nil)
	x.gets("a", "held")
	x.must("disconnect", "a", nil)
	x.back("/queue/q", "held")
}
