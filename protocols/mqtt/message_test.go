package mqtt

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// fromClient is what a version 5 client's PUBLISH becomes in the core.
func fromClient(t *testing.T, text string) *core.Message {
	t.Helper()
	r := wire.Reader{Version: wire.V5}
	f, _, err := r.Next(encodeText(t, 5, text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := wire.DecodePublish(wire.V5, f)
	if err != nil {
		t.Fatal(err)
	}
	m := &core.Message{}
	fill(m, &p, 1000)
	return m
}

// DESIGN section 3, the column of MQTT, on the way in.
func TestMessageFromClient(t *testing.T) {
	m := fromClient(t, "publish topic=x qos=1 id=1 payload=p retain p.format=1 p.expiry=5 p.type=text/plain p.response=$queue/answers "+
		"p.correlation=0102 p.user=priority:7 p.user=message-id:m1 p.user=k:v p.user=timestamp:123 p.user=type:T p.user=JMSXGroupID:g "+
		"p.user=x-deduplication-header:d p.user=traceparent:tp p.user=content-encoding:gzip p.user=k:w p.user=x-delay:50 "+
		"p.user=message-id:m2 p.user=priority:high")
	want := &core.Message{
		Body: []byte("p"), Text: true, Durable: true, Priority: 7, CreatedAt: 123, ExpiresAt: 6000, DeliverAt: 1050, MessageID: "m1",
		Correlation: []byte{1, 2}, ReplyTo: core.QueueAddress("answers"), ContentType: "text/plain", Encoding: "gzip", Type: "T",
		GroupID: "g", DedupID: "d", Trace: "tp",
		Headers: []core.Header{
			{Name: "k", Value: core.StringValue("v")}, {Name: "k", Value: core.StringValue("w")},
			{Name: "message-id", Value: core.StringValue("m2")}, {Name: "priority", Value: core.StringValue("high")},
		},
		Origin: m.Origin,
	}
	if !reflect.DeepEqual(m, want) {
		t.Fatalf("got  %+v\nwant %+v", m, want)
	}
	if plain := fromClient(t, "publish topic=x payload=p"); plain.Durable || !bytes.Equal(plain.Origin.Data, []byte{0}) || plain.Headers != nil {
		t.Fatalf("%+v", plain)
	}
}

// ... and on the way out, of what another door published.
func TestMessageToClient(t *testing.T) {
	m := &core.Message{
		Source: core.TopicAddress("x"), Body: []byte("p"), Text: true, Durable: true, Priority: 9, CreatedAt: 123, MessageID: "m1",
		Correlation: []byte{1, 2}, ReplyTo: core.QueueAddress("answers"), ContentType: "text/plain", Encoding: "gzip", Type: "T",
		GroupID: "g", UserID: "u", Origin: core.Origin{Protocol: "amqp091", Data: []byte("theirs")},
		Headers: []core.Header{
			{Name: "s", Value: core.StringValue("v")}, {Name: "b", Value: core.BytesValue([]byte{0xff})}, {Name: "t", Value: core.BoolValue(true)},
			{Name: "i", Value: core.IntValue(-3)}, {Name: "f", Value: core.FloatValue(1.5)}, {Name: "n", Value: core.Value{}},
			{Name: "l", Value: core.ArrayValue([]core.Value{core.IntValue(1), core.StringValue("x"), core.BytesValue([]byte{0xff})})},
			{Name: "m", Value: core.MapValue([]core.Header{{Name: "k", Value: core.BoolValue(false)}})},
			{Name: "bad", Value: core.StringValue("\xff")},
		},
		Deaths: []core.Death{
			{Queue: "q2", Reason: core.Expired, Count: 1, Time: 5, Source: core.TopicAddress("x")},
			{Queue: "q1", Reason: core.Rejected, Count: 2, Time: 4, Source: core.QueueAddress("q1")},
		},
	}
	qos, _, forward := origin(m, wire.V5, lost{})
	if qos != 1 {
		t.Fatalf("QoS %d", qos)
	}
	frame := wire.AppendPublish(nil, wire.V5, &wire.Outgoing{Topic: "x", Payload: m.Body, Forward: forward})
	r := wire.Reader{Version: wire.V5} // it is legal
	f, _, err := r.Next(frame)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.DecodePublish(wire.V5, f); err != nil {
		t.Fatal(err)
	}
	got := describe(5, frame[0], f.Body)
	want := "publish topic=x p.format=1 p.type=text/plain p.response=$queue/answers p.correlation=0102 p.user=priority:9 p.user=timestamp:123 " +
		"p.user=message-id:m1 p.user=content-encoding:gzip p.user=type:T p.user=JMSXGroupID:g p.user=user-id:u " +
		"p.user=s:v p.user=b;base64:/w== p.user=t:true p.user=i:-3 p.user=f:1.5 p.user=n: p.user=l:[1,\"x\",\"/w==\"] p.user=m:{\"k\":false} p.user=bad;base64:/w== " +
		"p.user=x-first-death-queue:q1 p.user=x-first-death-reason:rejected " +
		`p.user=x-death:[{"queue":"q2","reason":"expired","count":1,"time":5,"source":"x"},{"queue":"q1","reason":"rejected","count":2,"time":4,"source":"$queue/q1"}] ` +
		"payload=p"
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	if _, _, old := origin(m, wire.V311, lost{}); old != nil {
		t.Fatal("properties before version 5")
	}
}

// What another door publishes reaches subscribers, at the QoS that its
// durability stands for.
func TestFromAnotherDoor(t *testing.T) {
	w := newWorld(t)
	c := w.connected(5, "id=a clean")
	c.send("subscribe id=1 x/#:2")
	c.get()
	for _, durable := range []bool{true, false} {
		_, err := w.b.Default().Publish(t.Context(), &core.Publication{
			To: core.TopicAddress("x/y"), Message: &core.Message{Body: []byte("p"), Durable: durable, Type: "T"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	c.want("publish topic=x/y qos=1 id=1 p.user=type:T payload=p")
	c.want("publish topic=x/y p.user=type:T payload=p")
}
