package wire

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// method is what every generated struct can do.
type method interface {
	Decode(args []byte) error
	Append(dst []byte, channel uint16) []byte
}

// methods is one of each, filled with what is not zero.
func methods() []method {
	list := []method{
		&ConnectionStart{}, &ConnectionStartOk{}, &ConnectionSecure{}, &ConnectionSecureOk{}, &ConnectionTune{}, &ConnectionTuneOk{},
		&ConnectionOpen{}, &ConnectionOpenOk{}, &ConnectionClose{}, &ConnectionCloseOk{}, &ConnectionBlocked{}, &ConnectionUnblocked{},
		&ConnectionUpdateSecret{}, &ConnectionUpdateSecretOk{}, &ChannelOpen{}, &ChannelOpenOk{}, &ChannelFlow{}, &ChannelFlowOk{},
		&ChannelClose{}, &ChannelCloseOk{}, &AccessRequest{}, &AccessRequestOk{}, &ExchangeDeclare{}, &ExchangeDeclareOk{}, &ExchangeDelete{}, &ExchangeDeleteOk{},
		&ExchangeBind{}, &ExchangeBindOk{}, &ExchangeUnbind{}, &ExchangeUnbindOk{}, &QueueDeclare{}, &QueueDeclareOk{}, &QueueBind{},
		&QueueBindOk{}, &QueuePurge{}, &QueuePurgeOk{}, &QueueDelete{}, &QueueDeleteOk{}, &QueueUnbind{}, &QueueUnbindOk{}, &BasicQos{},
		&BasicQosOk{}, &BasicConsume{}, &BasicConsumeOk{}, &BasicCancel{}, &BasicCancelOk{}, &BasicPublish{}, &BasicReturn{},
		&BasicGet{}, &BasicGetOk{}, &BasicGetEmpty{}, &BasicAck{}, &BasicReject{}, &BasicRecoverAsync{}, &BasicRecover{}, &BasicRecoverOk{},
		&BasicNack{}, &ConfirmSelect{}, &ConfirmSelectOk{}, &TxSelect{}, &TxSelectOk{}, &TxCommit{}, &TxCommitOk{}, &TxRollback{}, &TxRollbackOk{},
	}
	for _, m := range list {
		v := reflect.ValueOf(m).Elem()
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.Bool:
				f.SetBool(i%2 == 0)
			case reflect.String:
				f.SetString(strings.Repeat("é", i+1))
			case reflect.Slice:
				if f.Type() == reflect.TypeFor[Table]() {
					f.SetBytes(AppendField(nil, "k", StringValue("v")))
				} else {
					f.SetBytes([]byte("x.y"))
				}
			default:
				f.SetUint(math.MaxUint64 >> (64 - f.Type().Bits()))
			}
		}
	}
	return list
}

func TestEveryMethodBothWays(t *testing.T) {
	all := methods()
	if len(all) != len(methodNames)-1 { // basic.deliver has no Append of its own
		t.Fatalf("%d of %d methods", len(all), len(methodNames))
	}
	seen := map[MethodID]bool{}
	for _, m := range all {
		b := m.Append(nil, 7)
		r := Reader{Max: 1 << 20}
		f, n, err := r.Next(b)
		if err != nil || n != len(b) || f.Type != FrameMethod || f.Channel != 7 {
			t.Fatalf("%T: %+v, %d, %v", m, f, n, err)
		}
		id, args, err := SplitMethod(f.Payload)
		if err != nil || !id.Known() || seen[id] {
			t.Fatalf("%T: %v, %v", m, id, err)
		}
		seen[id] = true
		if want := strings.ToLower(strings.NewReplacer(".", "", "-", "").Replace(id.String())); want != strings.ToLower(reflect.TypeOf(m).Elem().Name()) {
			t.Errorf("%T is %v", m, id)
		}
		got := reflect.New(reflect.TypeOf(m).Elem()).Interface().(method)
		if err := got.Decode(args); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%+v came back as %+v, %v", m, got, err)
		}
		for cut := range args {
			var we *Error
			if err := got.Decode(args[:cut]); !errors.As(err, &we) || we.Code != SyntaxError || we.Method != id {
				t.Errorf("%v cut at %d: %v", id, cut, err)
			}
		}
		if err := got.Decode(append(bytes.Clone(args), 0)); err == nil {
			t.Errorf("%v with a byte more: no error", id)
		}
	}
}

func TestDeliver(t *testing.T) {
	b := AppendDeliver(nil, 3, "tag", 1<<40, true, "ex", strings.Repeat("k", 300))
	var m BasicDeliver
	id, args, _ := SplitMethod(b[frameHead : len(b)-1])
	if err := m.Decode(args); err != nil || id != MethodBasicDeliver || string(m.ConsumerTag) != "tag" || m.DeliveryTag != 1<<40 ||
		!m.Redelivered || string(m.Exchange) != "ex" || len(m.RoutingKey) != 255 {
		t.Errorf("%v %+v %v", id, m, err)
	}
}

// However a stream is cut, the same frames come out.
func TestReaderAnyCut(t *testing.T) {
	var stream []byte
	for _, m := range methods() {
		stream = m.Append(stream, 1)
	}
	stream = AppendHeartbeat(stream)
	stream = AppendBody(stream, 2, bytes.Repeat([]byte("b"), 9000), 4096)
	want := read(t, stream, len(stream))
	if len(want) != len(methods())+1+3 {
		t.Fatal(len(want))
	}
	for _, step := range []int{1, 2, 3, 7, 8, 100, 4096} {
		if got := read(t, stream, step); !reflect.DeepEqual(got, want) {
			t.Errorf("in pieces of %d: %d frames", step, len(got))
		}
	}
}

// What the Reader gives stays as it is, and what a frame says to come takes no
// memory before a quarter of it has.
func TestReaderGives(t *testing.T) {
	stream := AppendBody(nil, 1, bytes.Repeat([]byte("a"), 16<<10), 32<<10)
	stream = AppendBody(stream, 1, bytes.Repeat([]byte("b"), 16<<10), 32<<10)
	stream = AppendBody(stream, 1, []byte("short"), 32<<10)
	r, given := Reader{Max: 32 << 10}, []string{}
	var kept [][]byte
	for at, n := 0, 0; at < len(stream); at += n {
		f, taken, err := r.Next(stream[at:min(len(stream), at+5000)])
		if n = taken; err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{r.held, r.body} {
			if c := cap(b); c > 4*max(len(b), frameHead) {
				t.Fatalf("%d bytes for %d", c, len(b))
			}
		}
		if f.Given {
			kept, given = append(kept, f.Payload), append(given, string(f.Payload))
		}
	}
	if len(kept) != 2 {
		t.Fatalf("%d were given", len(kept))
	}
	for i := range kept {
		if string(kept[i]) != given[i] {
			t.Errorf("frame %d has changed", i)
		}
	}
}

// What is put into Room comes out as what is given to Next does, wherever the
// network cuts, and what was given is not written to again.
func TestReaderRoom(t *testing.T) {
	var stream []byte
	var want []string
	var rnd [32]byte
	random := rand.New(rand.NewChaCha8(rnd))
	for i := range 200 {
		body := bytes.Repeat([]byte{byte(i)}, []int{0, 1, 5000, largeBody - 1, largeBody, 16 << 10, 100_000}[random.IntN(7)])
		stream = AppendHeader(AppendHeartbeat(stream), 1, len(body), nil)
		stream = AppendBody(stream, 1, body, 131_072)
		want = append(want, string(body))
	}
	r, landed := Reader{Max: 131_072}, 0
	var got []Frame
	for len(stream) > 0 {
		n := min(1+random.IntN(20_000), len(stream))
		first := copy(r.Room(), stream[:n])
		r.Landed(first)
		landed += first
		for piece := stream[first:n]; len(piece) > 0; {
			f, taken, err := r.Next(piece)
			if err != nil {
				t.Fatal(err)
			}
			if piece = piece[taken:]; f.Type == FrameBody {
				if !f.Given {
					f.Payload = bytes.Clone(f.Payload)
				}
				got = append(got, f)
			}
		}
		stream = stream[n:]
	}
	for _, body := range want {
		if body == "" {
			continue
		}
		if len(got) == 0 || got[0].Channel != 1 || string(got[0].Payload) != body {
			t.Fatalf("a body of %d bytes is not what came", len(body))
		}
		got = got[1:]
	}
	if landed == 0 || len(got) > 0 {
		t.Errorf("%d bytes landed, %d more frames came", landed, len(got))
	}
}

func read(t *testing.T, stream []byte, step int) (frames []string) {
	t.Helper()
	r := Reader{Max: 4096}
	for len(stream) > 0 {
		piece := stream[:min(step, len(stream))]
		stream = stream[len(piece):]
		for len(piece) > 0 {
			f, n, err := r.Next(piece)
			if err != nil {
				t.Fatal(err)
			}
			if piece = piece[n:]; f.Type != 0 {
				frames = append(frames, string(f.Type)+string(f.Payload))
			}
		}
	}
	return frames
}

func TestReaderRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"type":    {4, 0, 0, 0, 0, 0, 0, 0xCE},
		"end":     {8, 0, 0, 0, 0, 0, 0, 0xCD},
		"length":  {3, 0, 1, 0, 0, 0x10, 0},
		"longest": {3, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF},
	} {
		for _, step := range []int{1, len(b)} {
			r, failed := Reader{Max: 4096}, false
			for at := 0; at < len(b) && !failed; at += step {
				_, _, err := r.Next(b[at : at+step])
				var we *Error
				failed = errors.As(err, &we) && we.Code == FrameError
			}
			if !failed {
				t.Errorf("%s in steps of %d was taken", name, step)
			}
			if cap(r.held) > 64 {
				t.Errorf("%s: holds %d bytes", name, cap(r.held))
			}
		}
	}
}

func TestTable(t *testing.T) {
	inner := AppendField(nil, "deep", BoolValue(true))
	table := AppendField(nil, "s", StringValue("text"))
	table = AppendField(table, "t", TableValue(inner))
	table = AppendField(table, "a", ArrayValue(IntValue(-5), LongValue(1<<40), Value{Kind: KindVoid}))
	table = AppendField(table, "d", DoubleValue(1.5))
	table = AppendField(table, "D", Value{KindDecimal, []byte{2, 0, 0, 1, 44}})
	got, rest, err := TableOf(append(AppendTable(nil, table), "rest"...))
	if err != nil || string(rest) != "rest" || !bytes.Equal(got, table) {
		t.Fatal(got, rest, err)
	}
	v, _ := table.Get("a")
	var list []int64
	for e := range v.Elements() {
		n, _ := e.Int()
		list = append(list, n)
	}
	deep, _ := table.Get("t")
	truth, _ := deep.Table().Get("deep")
	d, _ := table.Get("D")
	scale, n, _ := d.Decimal()
	if !reflect.DeepEqual(list, []int64{-5, 1 << 40, 0}) || !truth.Bool() || scale != 2 || n != 300 {
		t.Error(list, truth, scale, n)
	}
	if _, ok := table.Get("absent"); ok {
		t.Error("a field that is not there")
	}
}

func TestTableLimits(t *testing.T) {
	deep := Value{Kind: KindTable}
	for range maxDepth {
		deep = TableValue(AppendField(nil, "", deep))
	}
	many := Value{KindArray, bytes.Repeat([]byte{'V'}, maxValues)}
	for name, table := range map[string]Table{
		"too deep":    AppendField(nil, "x", deep),
		"too many":    AppendField(nil, "x", many),
		"bad kind":    {1, 'x', '?'},
		"cut":         {1, 'x', 'l', 0},
		"long string": {1, 'x', 'S', 0xFF, 0xFF, 0xFF, 0xFF, 'a'},
	} {
		if _, _, err := TableOf(AppendTable(nil, table)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, _, err := TableOf(AppendTable(nil, deep.Raw)); err != nil {
		t.Errorf("deepest: %v", err)
	}
}

func TestProperties(t *testing.T) {
	p := Properties{
		ContentType: []byte("text/plain"), ContentEncoding: []byte("gzip"), Headers: AppendField(nil, "k", IntValue(1)), DeliveryMode: 2,
		Priority: 9, CorrelationID: []byte("c"), ReplyTo: []byte("r"), Expiration: []byte("100"), MessageID: []byte("m"), Timestamp: 12345,
		Type: []byte("t"), UserID: []byte("u"), AppID: []byte("a"), ClusterID: []byte("cl"),
	}
	all := []Property{ContentType, ContentEncoding, Headers, DeliveryMode, Priority, CorrelationID, ReplyTo, Expiration, MessageID, Timestamp, Type, UserID, AppID, ClusterID}
	for _, which := range all {
		p.Set(which, true)
	}
	for drop := -1; drop < len(all); drop++ {
		if drop >= 0 {
			p.Set(all[drop], false)
		}
		b := p.Append(nil)
		var got Properties
		if err := got.Decode(b); err != nil || !bytes.Equal(got.Append(nil), b) {
			t.Fatalf("%x: %v", b, err)
		}
		for cut := range b {
			if err := got.Decode(b[:cut]); err == nil {
				t.Fatalf("%x cut at %d was taken", b, cut)
			}
		}
		if drop >= 0 && got.Has(all[drop]) {
			t.Error("dropped and there")
		}
	}
	if err := new(Properties).Decode([]byte{0, 1}); err == nil {
		t.Error("more flags were taken")
	}
}

func TestHeader(t *testing.T) {
	b := AppendHeader(nil, 5, 1<<20, []byte{0, 0})
	h, err := DecodeHeader(b[frameHead : len(b)-1])
	if err != nil || h.BodySize != 1<<20 || len(h.Properties) != 2 {
		t.Error(h, err)
	}
	for _, bad := range [][]byte{{}, {0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, {0, 61, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0}} {
		if _, err := DecodeHeader(bad); err == nil {
			t.Errorf("%x was taken", bad)
		}
	}
}
