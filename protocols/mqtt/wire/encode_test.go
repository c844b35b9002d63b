package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// TestEncode compares with packets written in the notation of testdata/packets.
func TestEncode(t *testing.T) {
	five, old := Peer{Version: V5}, Peer{Version: V311}
	small := Peer{Version: V5, MaxPacket: 20}
	user := []packets.UserProperty{{Key: "k", Val: "v"}, {Key: "k", Val: "v"}}
	out := &Outgoing{Topic: "a/b", Payload: []byte("hi"), QoS: 1, PacketID: 10, Dup: true, Retain: true,
		HasExpiry: true, Expiry: 60, TopicAlias: 5, Subscriptions: []uint32{1, 300}, Forward: AppendUser(nil, "k", "v")}
	for _, tc := range []struct {
		name string
		got  []byte
		want string
	}{
		{"CONNACK 3.1.1", AppendConnack(nil, old, true, Success, nil), "20 ( 01 00 )"},
		{"CONNACK 3.1 has no session present", AppendConnack(nil, Peer{Version: V31}, true, Success, nil), "20 ( 00 00 )"},
		{"CONNACK 3.1.1 refused", AppendConnack(nil, old, true, BadUserNameOrPassword, nil), "20 ( 00 04 )"},
		{"CONNACK 5 refused", AppendConnack(nil, five, true, NotAuthorized, nil), "20 ( 00 87 ( ) )"},
		{"CONNACK 5 with properties", AppendConnack(nil, five, false, Success, &packets.Properties{
			SessionExpiryInterval: 7, SessionExpiryIntervalFlag: true, AssignedClientID: "auto", ServerKeepAlive: 0, ServerKeepAliveFlag: true,
			ReceiveMaximum: 20, TopicAliasMaximum: 9, MaximumPacketSize: 1000, User: user[:1],
		}), "20 ( 00 00 ( 11 00 00 00 07 12 'auto' 13 00 00 21 00 14 22 00 09 26 'k' 'v' 27 00 00 03 e8 ) )"},
		{"CONNACK explains even when not asked to", AppendConnack(nil, Peer{Version: V5, NoProblemInfo: true}, false, Banned,
			&packets.Properties{ReasonString: "no"}), "20 ( 00 8a ( 1f 'no' ) )"},
		{"CONNACK too long loses its explanation", AppendConnack(nil, small, false, Banned,
			&packets.Properties{ReasonString: "a long story", User: user}), "20 ( 00 8a ( ) )"},
		{"CONNACK too long anyway is not sent", AppendConnack([]byte{1}, small, false, Success,
			&packets.Properties{AssignedClientID: "a name that is too long"}), "01"},
		{"SUBACK 3.1.1", AppendSuback(nil, old, 10, []Code{Success, GrantedQoS2, NotAuthorized}, "why"), "90 ( 00 0a 00 02 80 )"},
		{"SUBACK 5", AppendSuback(nil, five, 10, []Code{GrantedQoS1, NotAuthorized}, "why"), "90 ( 00 0a ( 1f 'why' ) 01 87 )"},
		{"SUBACK 5 without problem information", AppendSuback(nil, Peer{Version: V5, NoProblemInfo: true}, 10, []Code{NotAuthorized}, "why"), "90 ( 00 0a ( ) 87 )"},
		{"UNSUBACK 3.1.1", AppendUnsuback(nil, old, 10, []Code{Success}, ""), "b0 ( 00 0a )"},
		{"UNSUBACK 5", AppendUnsuback(nil, five, 10, []Code{Success, NoSubscriptionExisted}, ""), "b0 ( 00 0a ( ) 00 11 )"},
		{"PINGRESP", AppendPingresp(nil), "d0 00"},
		{"DISCONNECT 3.1.1 does not exist", AppendDisconnect([]byte{1}, old, SessionTakenOver, nil), "01"},
		{"DISCONNECT 5", AppendDisconnect(nil, five, SessionTakenOver, nil), "e0 ( 8e ( ) )"},
		{"DISCONNECT 5 with reason and reference", AppendDisconnect(nil, five, UseAnotherServer,
			&packets.Properties{ReasonString: "go", ServerReference: "there"}), "e0 ( 9c ( 1c 'there' 1f 'go' ) )"},
		{"DISCONNECT 5 too long loses its explanation", AppendDisconnect(nil, small, SessionTakenOver,
			&packets.Properties{ReasonString: "a long story", User: user}), "e0 ( 8e ( ) )"},
		{"SUBACK 5 too long loses its explanation", AppendSuback(nil, small, 10, []Code{NotAuthorized}, "a long story"), "90 ( 00 0a ( ) 87 )"},
		{"AUTH", AppendAuth(nil, five, ContinueAuthentication, &packets.Properties{AuthenticationMethod: "M", AuthenticationData: []byte{1}}),
			"f0 ( 18 ( 15 'M' 16 00 01 01 ) )"},
		{"PUBACK", AppendAck(nil, V311, Ack{Type: PUBACK, PacketID: 258, Code: NotAuthorized}), "40 02 01 02"},
		{"PUBREL 5", AppendAck(nil, V5, Ack{Type: PUBREL, PacketID: 258}), "62 02 01 02"},
		{"PUBREC 5 with a code", AppendAck(nil, V5, Ack{Type: PUBREC, PacketID: 258, Code: QuotaExceeded}), "50 03 01 02 97"},
		{"PUBACK 5 with a reason", AppendAck(nil, V5, Ack{Type: PUBACK, PacketID: 1, Code: QuotaExceeded, Properties: AppendString(nil, ReasonString, "full")}),
			"40 ( 00 01 97 ( 1f 'full' ) )"},
		{"PUBLISH 3.1.1", AppendPublish(nil, V311, out), "3b ( 'a/b' 00 0a \"hi\" )"},
		{"PUBLISH 5", AppendPublish(nil, V5, out), "3b ( 'a/b' 00 0a ( 02 00 00 00 3c 23 00 05 0b 01 0b ac 02 26 'k' 'v' ) \"hi\" )"},
		{"PUBLISH QoS 0", AppendPublish(nil, V5, &Outgoing{Topic: "a", PacketID: 9}), "30 ( 'a' ( ) )"},
		{"PUBLISH head", AppendPublishHead(nil, V311, &Outgoing{Topic: "a", Payload: []byte("hi")}), "30 05 'a'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if want := assemble(t, tc.want); !bytes.Equal(tc.got, want) {
				t.Errorf("got  %x\nwant %x", tc.got, want)
			}
		})
	}
	for _, v := range []Version{V311, V5} {
		if got, want := PublishSize(v, out), len(AppendPublish(nil, v, out)); got != want {
			t.Errorf("PublishSize %d, packet %d", got, want)
		}
	}
}

// What a message carries comes out of the other end as it went in.
func TestForwardIsVerbatim(t *testing.T) {
	body := assemble(t, "'a' ( 23 00 05 26 'k' 'v' 02 00 00 00 09 03 'text' 26 'k' 'v' 01 01 ) \"x\"")
	p, err := DecodePublish(V5, Frame{Type: PUBLISH, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	forward := p.Properties.AppendForward(nil)
	if want := assemble(t, "26 'k' 'v' 03 'text' 26 'k' 'v' 01 01"); !bytes.Equal(forward, want) {
		t.Fatalf("forward %x, want %x", forward, want)
	}
	back, err := ParseForward(forward)
	if err != nil || string(back.ContentType) != "text" || !back.PayloadIsUTF8 || back.Has(MessageExpiry) {
		t.Fatalf("parsed %+v, %v", back, err)
	}
	built := AppendUser(AppendString(AppendNumber(nil, PayloadFormat, 1), ContentType, "text"), "k", "v")
	if back, err := ParseForward(built); err != nil || string(back.ContentType) != "text" {
		t.Fatalf("built %x: %v", built, err)
	}
	if _, err := ParseForward([]byte{0x23, 0}); err == nil {
		t.Fatal("a damaged list was accepted")
	}
}

// The codec panics on this packet when it is called without our checks.
func TestCodecPanicIsAnError(t *testing.T) {
	body := assemble(t, "00 0a ( ) 'a'")
	_, err := decode(V5, SUBSCRIBE, body, (*packets.Packet).SubscribeDecode)
	var e *Error
	if !errors.As(err, &e) || e.Code != MalformedPacket || !strings.Contains(e.Detail, "gave up") {
		t.Fatalf("error %v", err)
	}
}

// A decoded CONNECT must not change when the read buffer is used again.
func TestDecodedStringsDoNotAliasTheReadBuffer(t *testing.T) {
	buf := assemble(t, "10 ( 'MQTT' 04 06 00 00 'me' 'w' 'bye' )")
	r := Reader{MaxPacket: MaxConnect}
	f, _, err := r.Next(buf)
	if err != nil || f.Owned {
		t.Fatal(err, f.Owned)
	}
	c, err := DecodeConnect(f)
	clear(buf)
	if err != nil || c.ClientID != "me" || string(c.Will.Payload) != "bye" {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestCodesOfVersion3(t *testing.T) {
	for code, want := range map[Code]byte{Success: 0, UnsupportedProtocolVersion: 1, ClientIdentifierNotValid: 2,
		ServerUnavailable: 3, QuotaExceeded: 3, BadUserNameOrPassword: 4, NotAuthorized: 5} {
		if got := code.ConnackV3(); got != want {
			t.Errorf("0x%02x: %d, want %d", byte(code), got, want)
		}
	}
	if Type(200).String() == "" || PUBLISH.String() != "PUBLISH" {
		t.Error("names")
	}
}

func FuzzParseForward(f *testing.F) {
	f.Add(AppendUser(nil, "k", "v"))
	f.Fuzz(func(t *testing.T, list []byte) {
		if p, err := ParseForward(list); err == nil {
			if again, err := ParseForward(p.AppendForward(nil)); err != nil || again.Has(MessageExpiry) {
				t.Fatalf("%s: %v", hex.EncodeToString(list), err)
			}
		}
	})
}
