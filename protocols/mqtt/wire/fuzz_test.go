package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// seed adds the bodies of testdata/packets that have one of the types.
func seed(f *testing.F, types ...Type) {
	for _, packet := range scriptPackets(f) {
		if _, n := varint(packet[1:]); n > 0 {
			for _, t := range types {
				if Type(packet[0]>>4) == t {
					f.Add(packet[1+n:], packet[0]&0x0f)
				}
			}
		}
	}
}

func scriptPackets(f *testing.F) (out [][]byte) {
	files, err := filepath.Glob("testdata/packets/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			in, ok := strings.CutPrefix(strings.TrimSpace(line), "in: ")
			if !ok || strings.Contains(in, "*") {
				continue
			}
			rest := in
			if packet := assembleUntil(&testing.T{}, &rest, 0); len(packet) > 1 {
				out = append(out, packet)
			}
		}
	}
	return out
}

var fuzzVersions = []Version{V31, V311, V5}

func FuzzPublish(f *testing.F) {
	seed(f, PUBLISH)
	f.Fuzz(func(t *testing.T, body []byte, flags byte) {
		if flags &= 0x0f; flags&0x06 == 0x06 || flags&0x0e == 0x08 {
			return // a Reader lets nothing else through
		}
		for _, v := range fuzzVersions {
			p, err := DecodePublish(v, Frame{Type: PUBLISH, Flags: flags, Body: body})
			if err != nil {
				continue
			}
			out := &Outgoing{Topic: string(p.Topic), Payload: p.Payload, Forward: p.Properties.AppendForward(nil),
				Expiry: p.Properties.Expiry, HasExpiry: p.Properties.Has(MessageExpiry), TopicAlias: p.Properties.TopicAlias,
				PacketID: p.PacketID, QoS: p.QoS, Dup: p.Dup, Retain: p.Retain}
			again := reread(t, v, AppendPublish(nil, v, out))
			q, err := DecodePublish(v, again)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := describePublish(q), describePublish(p); got != want {
				t.Fatalf("encoded and decoded: %s\nwas: %s", got, want)
			}
		}
	})
}

// reread reads one packet that we wrote.
func reread(t *testing.T, v Version, packet []byte) Frame {
	t.Helper()
	r := Reader{Version: v}
	if packet[0]>>4 == byte(CONNECT) {
		r.Version = 0
	}
	f, n, err := r.Next(packet)
	if err != nil || n != len(packet) {
		t.Fatalf("%x: read %d, %v", packet, n, err)
	}
	return f
}

func FuzzAck(f *testing.F) {
	seed(f, PUBACK, PUBREC, PUBREL, PUBCOMP)
	f.Fuzz(func(t *testing.T, body []byte, kind byte) {
		typ := PUBACK + Type(kind%4)
		for _, v := range fuzzVersions {
			a, err := DecodeAck(v, Frame{Type: typ, Body: body})
			if err != nil {
				continue
			}
			b, err := DecodeAck(v, reread(t, v, AppendAck(nil, v, a)))
			if err != nil || b.Type != a.Type || b.Code != a.Code || b.PacketID != a.PacketID || !bytes.Equal(a.Properties, b.Properties) {
				t.Fatalf("%+v became %+v, %v", a, b, err)
			}
		}
	})
}

type mochiEncoder func(*packets.Packet, *bytes.Buffer) error

// roundTrip encodes what was decoded with mochi's encoder (only clients send
// these packets) and decodes it again.
func roundTrip(t *testing.T, v Version, pk *packets.Packet, encode mochiEncoder, decode func(Frame) (*packets.Packet, error)) {
	t.Helper()
	pk.Mods.AllowResponseInfo = true
	pk.FixedHeader.Qos = 0
	if typ := Type(pk.FixedHeader.Type); typ == SUBSCRIBE || typ == UNSUBSCRIBE {
		pk.FixedHeader.Qos = 1 // its name for the flags
	}
	var first, second bytes.Buffer
	if err := encode(pk, &first); err != nil {
		t.Fatal(err)
	}
	again, err := decode(reread(t, v, first.Bytes()))
	if err != nil {
		t.Fatalf("%x: %v", first.Bytes(), err)
	}
	again.Mods, again.FixedHeader.Qos = pk.Mods, pk.FixedHeader.Qos
	if err := encode(again, &second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) || !reflect.DeepEqual(pk.Filters, again.Filters) {
		t.Fatalf("first  %x\nsecond %x", first.Bytes(), second.Bytes())
	}
}

func FuzzConnect(f *testing.F) {
	seed(f, CONNECT)
	f.Fuzz(func(t *testing.T, body []byte, _ byte) {
		before := bytes.Clone(body)
		c, err := DecodeConnect(Frame{Type: CONNECT, Body: body})
		if !bytes.Equal(before, body) {
			t.Fatal("changed what it was lent")
		}
		if err != nil {
			return
		}
		if (c.Will != nil) != c.Connect.WillFlag {
			t.Fatal("will")
		}
		roundTrip(t, c.Version, c.Packet, (*packets.Packet).ConnectEncode, func(f Frame) (*packets.Packet, error) {
			again, err := DecodeConnect(f)
			return again.Packet, err
		})
	})
}

func fuzzMochi(f *testing.F, typ Type, versions []Version, encode mochiEncoder, decode func(Version, Frame) (*packets.Packet, error)) {
	seed(f, typ)
	f.Fuzz(func(t *testing.T, body []byte, _ byte) {
		for _, v := range versions {
			if pk, err := decode(v, Frame{Type: typ, Body: body}); err == nil {
				roundTrip(t, v, pk, encode, func(f Frame) (*packets.Packet, error) { return decode(v, f) })
			}
		}
	})
}

func FuzzSubscribe(f *testing.F) {
	fuzzMochi(f, SUBSCRIBE, fuzzVersions, (*packets.Packet).SubscribeEncode, DecodeSubscribe)
}

func FuzzUnsubscribe(f *testing.F) {
	fuzzMochi(f, UNSUBSCRIBE, fuzzVersions, (*packets.Packet).UnsubscribeEncode, DecodeUnsubscribe)
}

func FuzzDisconnect(f *testing.F) {
	fuzzMochi(f, DISCONNECT, fuzzVersions, (*packets.Packet).DisconnectEncode, DecodeDisconnect)
}

func FuzzAuth(f *testing.F) {
	fuzzMochi(f, AUTH, []Version{V5}, (*packets.Packet).AuthEncode,
		func(_ Version, f Frame) (*packets.Packet, error) { return DecodeAuth(f) })
}

// FuzzFrames reads a stream twice, in pieces of different sizes: the same frames
// must come out, and memory must follow what arrived.
func FuzzFrames(f *testing.F) {
	var all []byte
	for i, packet := range scriptPackets(f) {
		f.Add(packet, uint8(5), uint8(i))
		if packet[0]>>4 != byte(CONNECT) {
			all = append(all, packet...)
		}
	}
	f.Add(all, uint8(4), uint8(3))
	f.Fuzz(func(t *testing.T, stream []byte, version, step uint8) {
		v := []Version{0, V31, V311, V5}[version%4]
		whole := readAll(t, v, stream, len(stream))
		pieces := readAll(t, v, stream, 1+int(step))
		if !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("whole:  %q\npieces: %q", whole, pieces)
		}
	})
}

func readAll(t *testing.T, v Version, stream []byte, step int) (out []string) {
	r := Reader{Version: v, MaxPacket: 1 << 20}
	arrived := 0
	for len(stream) > 0 {
		buf := bytes.Clone(stream[:min(step, len(stream))])
		stream = stream[len(buf):]
		arrived += len(buf)
		for len(buf) > 0 {
			f, n, err := r.Next(buf)
			if err != nil {
				return append(out, err.Error())
			}
			if n == 0 {
				t.Fatal("no progress")
			}
			buf = buf[n:]
			if r.Buffered() > 2*arrived+16 {
				t.Fatalf("holds %d of %d", r.Buffered(), arrived)
			}
			if f.Type == 0 {
				continue
			}
			out = append(out, describeFrame(max(v, V31), f))
			if f.Type == CONNECT {
				if c, err := DecodeConnect(f); err == nil {
					v, r.Version = c.Version, c.Version
				} else {
					return out
				}
			}
		}
	}
	return out
}
