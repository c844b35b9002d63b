package core

import (
	"bytes"
	"embed"
	"encoding/hex"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/quick"
)

//go:embed testdata/codec
var codecGolden embed.FS

// codecFull has every field and every kind of value.
func codecFull() *Message {
	return &Message{
		ID:     MessageID{0: 0xA0, 6: 0x40, 8: 0x80, 15: 0x0F},
		Source: TopicAddress("sensors/kitchen/temp"), Body: []byte("21.5"), Text: true, Durable: true, Priority: 9,
		CreatedAt: 1_700_000_000_000, PublishedAt: 1_700_000_000_123, ExpiresAt: math.MaxInt64, DeliverAt: -1,
		MessageID: "m-1", Correlation: []byte{0, 255}, ReplyTo: QueueAddress("replies"), ContentType: "text/plain",
		Encoding: "gzip", Type: "reading", GroupID: "g", DedupID: "d", UserID: "app", AppID: "meter",
		Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Headers: []Header{
			{"null", Value{}}, {"string", StringValue("grüße")}, {"bytes", BytesValue([]byte{1, 0, 2})},
			{"true", BoolValue(true)}, {"false", BoolValue(false)}, {"int", IntValue(math.MinInt64)},
			{"uint", UintValue(math.MaxUint64)}, {"float", FloatValue(math.Inf(-1))}, {"time", TimeValue(-62135596800000)},
			{"number", NumberValue("1e400")}, {"int", IntValue(7)}, {"", StringValue("")},
			{"array", ArrayValue([]Value{IntValue(-1), {}, ArrayValue(nil), ArrayValue([]Value{StringValue("x")})})},
			{"map", MapValue([]Header{{"k", UintValue(1)}, {"k", MapValue([]Header{{"deep", BoolValue(true)}})}})},
		},
		Origin: Origin{Protocol: "mqtt", Data: []byte{5, 1, 2, 3}},
		Keys:   []string{"cc.1", ""},
		Every:  -1, Again: math.MaxInt64,
		Cron: "0 * * * *", CronDelay: -1,
		owned: true,
	}
}

// codecFirst is codecFull as it was before exchanges.
func codecFirst() *Message {
	m := codecFull()
	m.Keys, m.Every, m.Again, m.Cron, m.CronDelay = nil, 0, 0, "", 0
	return m
}

// codecKeysMessage is what came with exchanges.
func codecKeysMessage() *Message {
	return &Message{Source: ExchangeAddress("logs", "eu.error"), ReplyTo: ExchangeAddress("", "q"), Keys: []string{"cc"}, Body: []byte("b"), owned: true}
}

// codecAgainMessage is what came with schedules.
func codecAgainMessage() *Message {
	return &Message{Source: QueueAddress("q"), DeliverAt: 1_700_000_000_000, Every: 60_000, Again: 9, Body: []byte("b"), owned: true}
}

// codecCronMessage is what came with the calendar.
func codecCronMessage() *Message {
	return &Message{Source: QueueAddress("q"), DeliverAt: 1_700_000_000_000, Cron: "0 * * * *", CronDelay: 5, Body: []byte("b"), owned: true}
}

func codecFullDeaths() []Death {
	return []Death{
		{"orders", DeliveryLimit, 3, 1_700_000_000_000, QueueAddress("orders"), nil, nil},
		{"", Rejected, -1, 0, Address{}, nil, nil},
		{"séances", MaxLength, math.MaxInt64, math.MinInt64, TopicAddress("a/b"), nil, nil},
	}
}

// codecKeysDeaths is what came with exchanges.
func codecKeysDeaths() []Death {
	ttl, none := int64(60_000), int64(0)
	return []Death{
		{"q", Expired, 1, 5, ExchangeAddress("x", "k"), []string{"cc", ""}, &ttl},
		{"q", Expired, 1, 5, ExchangeAddress("", ""), nil, &none},
		{"q", MaxLength, 1, 5, QueueAddress("q"), []string{"cc"}, nil},
	}
}

func codecNested(depth int) Value {
	v := StringValue("in")
	for i := range depth {
		if i%2 == 0 {
			v = ArrayValue([]Value{v})
		} else {
			v = MapValue([]Header{{"k", v}})
		}
	}
	return v
}

// A field that is added to Message without the codec fails here.
func TestCodecEveryField(t *testing.T) {
	full := codecFull()
	v := reflect.ValueOf(*full)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Name != "Deaths" && f.Name != "Lowest" && v.Field(i).IsZero() {
			t.Errorf("codecFull does not set %s", f.Name)
		}
	}
	codecRoundTrip(t, full)
	// Each field alone, so that no presence bit stands for another.
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Name != "Deaths" && f.IsExported() {
			m := &Message{owned: true}
			reflect.ValueOf(m).Elem().Field(i).Set(v.Field(i))
			codecRoundTrip(t, m)
		}
	}
	codecRoundTrip(t, &Message{Lowest: true, owned: true}) // which excludes a priority
	for _, h := range full.Headers {
		codecRoundTrip(t, &Message{Headers: []Header{h}, owned: true})
	}
	codecRoundTrip(t, &Message{Headers: []Header{{"deepest", codecNested(codecMaxDepth)}}, owned: true})
}

func codecRoundTrip(t *testing.T, m *Message) {
	t.Helper()
	if err := codecCheck(m); err != nil {
		t.Fatal(err)
	}
	b := appendMessage([]byte("before"), m)
	got, err := decodeMessage(b[len("before"):])
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	if !reflect.DeepEqual(got, m) {
		t.Fatalf("read  %+v\nwrote %+v", got, m)
	}
	if messageSize(got) != messageSize(m) {
		t.Fatalf("size %d, was %d", messageSize(got), messageSize(m))
	}
}

func TestCodecLeavesDeathsToTheEntry(t *testing.T) {
	m := codecFull()
	want, size := appendMessage(nil, m), messageSize(m)
	m.Deaths = codecFullDeaths()
	if !bytes.Equal(appendMessage(nil, m), want) || messageSize(m) != size {
		t.Error("Deaths are in the stored message or in its size")
	}
}

func TestCodecDeaths(t *testing.T) {
	for _, d := range [][]Death{nil, codecFullDeaths()[:1], codecFullDeaths(), codecKeysDeaths()} {
		b := appendDeaths([]byte{}, d)
		got, rest, err := decodeDeaths(append(b, "rest"...))
		if err != nil || string(rest) != "rest" || !reflect.DeepEqual(got, d) {
			t.Fatalf("read %+v, %q, %v; wrote %+v", got, rest, err, d)
		}
		for n := range b {
			if _, _, err := decodeDeaths(b[:n]); err == nil {
				t.Errorf("%d of %d bytes were taken for a whole trail", n, len(b))
			}
		}
	}
	for name, b := range map[string][]byte{
		"reason":       {1, 0, byte(DeliveryLimit) + 1, 0, 0, 0, 0},
		"address kind": {1, 0, 0, 0, 0, byte(ToExchange) + 1, 0},
		"count":        {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		if d, _, err := decodeDeaths(b); err == nil {
			t.Errorf("%s: read as %+v", name, d)
		}
	}
}

// Who appends to a part of a decoded message does not write into the next.
func TestCodecPartsEndWhereTheyEnd(t *testing.T) {
	m, err := decodeMessage(appendMessage(nil, codecFull()))
	if err != nil {
		t.Fatal(err)
	}
	_ = append(m.Origin.Data, "overwritten"...)
	_ = append(m.Correlation, "overwritten"...)
	_ = append(m.Headers[2].Value.Raw, "overwritten"...)
	if !reflect.DeepEqual(m, codecFull()) {
		t.Errorf("after the appends %+v", m)
	}
}

// The files of a released version are never edited: see codecVersion.
func TestCodecGolden(t *testing.T) {
	for name, m := range map[string]*Message{
		"v1-full": codecFirst(), "v1-plain": codecPlain(), "v1-empty": {owned: true}, "v1-keys": codecKeysMessage(),
		"v1-again": codecAgainMessage(), "v1-cron": codecCronMessage(), "v1-lowest": {Lowest: true, owned: true},
	} {
		stored := codecStored(t, name)
		codecUnchanged(t, name, appendMessage(nil, m), stored)
		if got, err := decodeMessage(stored); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s is read as %+v, %v", name, got, err)
		}
	}
	stored := codecStored(t, "v1-deaths")
	codecUnchanged(t, "v1-deaths", appendDeaths(nil, codecFullDeaths()), stored)
	if got, _, err := decodeDeaths(stored); err != nil || !reflect.DeepEqual(got, codecFullDeaths()) {
		t.Errorf("v1-deaths is read as %+v, %v", got, err)
	}
	stored = codecStored(t, "v1-deaths-keys")
	codecUnchanged(t, "v1-deaths-keys", appendDeaths(nil, codecKeysDeaths()), stored)
	if got, _, err := decodeDeaths(stored); err != nil || !reflect.DeepEqual(got, codecKeysDeaths()) {
		t.Errorf("v1-deaths-keys is read as %+v, %v", got, err)
	}
}

func codecStored(t *testing.T, name string) []byte {
	t.Helper()
	file, err := codecGolden.ReadFile("testdata/codec/" + name + ".hex")
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(file)), ""))
	if err != nil {
		t.Fatal(name, err)
	}
	return b
}

func codecUnchanged(t *testing.T, name string, now, stored []byte) {
	t.Helper()
	if !bytes.Equal(now, stored) {
		t.Errorf("%s: what is written has changed (read the recipe at codecVersion); now\n%x", name, now)
	}
}

func TestMessageSize(t *testing.T) {
	for _, c := range []struct {
		m    Message
		want int
	}{
		{Message{}, 0},
		{Message{Body: []byte("four"), Source: QueueAddress("q"), ContentType: "t", Correlation: []byte("cc")}, 8},
		{Message{Origin: Origin{"mqtt", []byte("abc")}, ReplyTo: QueueAddress("re"), AppID: "a", Trace: "tr"}, 12},
		{Message{Headers: []Header{{"ab", IntValue(1)}, {"c", StringValue("def")}, {"d", BytesValue([]byte{1})}}}, 10 + 12 + 10},
		{Message{Headers: []Header{{"a", ArrayValue([]Value{{}, {}})}, {"m", MapValue([]Header{{"k", Value{}}})}}}, 25 + 18},
	} {
		if got := messageSize(&c.m); got != c.want {
			t.Errorf("%+v: %d, want %d", c.m, got, c.want)
		}
	}
}

func TestOwn(t *testing.T) {
	buffer := []byte("borrowed")
	m := &Message{Body: buffer}
	m.own()
	first := &m.Body[0]
	m.own()
	copy(buffer, "rewritten")
	if string(m.Body) != "borrowed" || &m.Body[0] != first {
		t.Errorf("body %q, cloned again: %t", m.Body, &m.Body[0] != first)
	}
	got, err := decodeMessage(appendMessage(nil, m))
	if err != nil {
		t.Fatal(err)
	}
	first = &got.Body[0]
	if got.own(); &got.Body[0] != first {
		t.Error("a decoded body is ours and was cloned")
	}
}

// What decode would refuse, codecCheck refuses before it is confirmed.
func TestCodecCheck(t *testing.T) {
	inMap := func(v Value) Value { return MapValue([]Header{{"k", v}}) }
	nulls := ArrayValue(make([]Value, codecMaxValues/2))
	for name, c := range map[string]struct {
		m    Message
		kind Kind
	}{
		"deep":          {Message{Headers: []Header{{"h", codecNested(codecMaxDepth + 1)}}}, Invalid},
		"many headers":  {Message{Headers: make([]Header, codecMaxValues+1)}, TooLarge},
		"many values":   {Message{Headers: []Header{{"a", nulls}, {"b", inMap(nulls)}}}, TooLarge},
		"many in a map": {Message{Headers: []Header{{"m", MapValue(make([]Header, codecMaxValues))}}}, TooLarge},
		"kind":          {Message{Headers: []Header{{"h", inMap(Value{Kind: Map + 1})}}}, Invalid},
		"source":        {Message{Source: Address{Kind: ToExchange + 1, Name: "x"}}, Invalid},
		"reply to":      {Message{ReplyTo: Address{Kind: 255}}, Invalid},
	} {
		if err := codecCheck(&c.m); err == nil || KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := decodeMessage(appendMessage(nil, &c.m)); err == nil {
			t.Errorf("%s: codecCheck refuses it but it can be read", name)
		}
	}
	codecRoundTrip(t, &Message{Headers: make([]Header, codecMaxValues), owned: true})
	changed := IntValue(5) // a door may set Kind by hand: still readable
	changed.Kind = Bool
	if _, err := decodeMessage(appendMessage(nil, &Message{Headers: []Header{{"b", changed}}})); err != nil {
		t.Error(err)
	}
}

func TestCodecRefusesDamage(t *testing.T) {
	head := func(bits ...byte) []byte { return append(append([]byte{codecVersion}, bits...), make([]byte, 16)...) }
	huge := []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}
	header := func(value ...byte) []byte { return append(head(codecHeaders), append([]byte{1, 0}, value...)...) }
	for name, b := range map[string][]byte{
		"nothing":        {},
		"version 0":      append([]byte{0}, head(0)[1:]...),
		"next version":   append([]byte{codecVersion + 1}, head(0)[1:]...),
		"unknown bit":    head(0x80, 0x80, 0x80, 0x01),
		"long bitmap":    head(append(bytes.Repeat([]byte{0xFF}, 10), 1)...),
		"half an id":     head(0)[:10],
		"no priority":    head(codecPriority),
		"huge string":    append(head(codecOrigin), huge...),
		"huge count":     append(head(codecHeaders), huge...),
		"lying count":    append(head(codecHeaders), 3, 0, 0, 0, 0),
		"address kind":   append(head(codecSource), 3, 0),
		"value kind":     header(byte(Map) + 1),
		"truth":          header(byte(Bool), 2),
		"half a float":   header(byte(Float), 1, 2, 3),
		"overlong int":   header(append([]byte{byte(Int)}, bytes.Repeat([]byte{0x80}, 11)...)...),
		"list too long":  header(append([]byte{byte(Array)}, huge...)...),
		"too deep":       append(header(bytes.Repeat([]byte{byte(Array), 1}, codecMaxDepth+1)...), 0),
		"endless arrays": header(bytes.Repeat([]byte{byte(Array), 1}, 1<<20)...),
	} {
		if m, err := decodeMessage(b); err == nil {
			t.Errorf("%s: read as %+v", name, m)
		} else if KindOf(err) != Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The body is the tail, so only cuts before it can be seen; a store's
	// checksums see the others.
	full := codecFull()
	b := appendMessage(nil, full)
	for n := range len(b) - len(full.Body) {
		if _, err := decodeMessage(b[:n]); err == nil {
			t.Errorf("%d of %d bytes were taken for a message", n, len(b))
		}
	}
}

// codecAllocBound is the most decoding n bytes may allocate: one Header per
// byte up to codecMaxValues, and some room for the Message and an error.
func codecAllocBound(n int) uint64 {
	return 64<<10 + 120*uint64(min(n, codecMaxValues))
}

func codecAllocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Nested counts that each claim all that is left must not add up.
func TestCodecAllocationIsBounded(t *testing.T) {
	for _, size := range []int{100, 10_000, 1 << 20} {
		b := append([]byte{codecVersion, codecHeaders}, make([]byte, 16)...)
		b = append(b, 1, 0)
		for range codecMaxDepth {
			left := uint64(size - len(b) - 4)
			b = append(b, byte(Array), byte(left)|0x80, byte(left>>7)|0x80, byte(left>>14)|0x80, byte(left>>21))
		}
		b = append(b, make([]byte, max(0, size-len(b)))...)
		got := codecAllocated(func() { _, _ = decodeMessage(b) })
		if got > codecAllocBound(len(b)) {
			t.Errorf("%d bytes made decode allocate %d", len(b), got)
		}
	}
	// Nor does a count get room for what is long read: only what follows counts.
	b := appendMessage(nil, &Message{Headers: []Header{{"long", StringValue(strings.Repeat("x", 1<<20))}, {"null", Value{}}}})
	b = append(b[:len(b)-1], byte(Array), 0xFF, 0xFF, 1)
	if got := codecAllocated(func() { _, _ = decodeMessage(b) }); got > codecAllocBound(0) {
		t.Errorf("a count of 32,767 before the end allocated %d", got)
	}
}

func TestCodecQuick(t *testing.T) {
	err := quick.Check(func(seed [600]byte) bool {
		codecRoundTrip(t, codecGenerate(seed[:]))
		return !t.Failed()
	}, &quick.Config{MaxCount: 2000})
	if err != nil {
		t.Error(err)
	}
}

// A trail that names many short keys is read again.
func TestDeathsOfManyKeys(t *testing.T) {
	for _, n := range []int{0, 1, 5, 100, 10_000} {
		want := []Death{{Queue: "q", Reason: Expired, Count: 1, Keys: slices.Repeat([]string{"k"}, n)}}
		got, rest, err := decodeDeaths(appendDeaths(nil, want))
		if err != nil || len(rest) > 0 || len(got) != 1 || !slices.Equal(got[0].Keys, want[0].Keys) {
			t.Errorf("%d keys: %v", n, err)
		}
	}
}
