package wire

import (
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

var update = flag.Bool("update", false, "rewrite the out: lines of testdata/packets")

// TestPackets runs testdata/packets/*.txt. A case is
//
//	-- what it shows
//	v: the versions it holds for
//	in: the packet
//	out: what is decoded, or the error
//
// where the packet is written as hex bytes, "text", 'string with its length',
// ( what has its length as a variable byte integer before it ), and text*n.
func TestPackets(t *testing.T) {
	files, err := filepath.Glob("testdata/packets/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rewritten, n := runScript(t, filepath.Base(file), string(text))
		if n == 0 {
			t.Errorf("%s has no case", file)
		}
		if *update {
			if err := os.WriteFile(file, []byte(rewritten), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func runScript(t *testing.T, file, text string) (rewritten string, cases int) {
	var name, in string
	var versions []string
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		key, val, _ := strings.Cut(line, " ")
		switch key {
		case "--":
			name, in, versions = val, "", nil
		case "v:":
			versions = strings.Fields(val)
		case "in:":
			in = val
		case "out:":
			cases++
			got := ""
			for _, v := range versions {
				t.Run(file+"/"+name+"/v"+v, func(t *testing.T) {
					got = decodeCase(t, v, in)
					if !*update && got != val {
						t.Errorf("in:   %s\ngot:  %s\nwant: %s", in, got, val)
					}
				})
			}
			line = "out: " + got
		}
		out.WriteString(line + "\n")
	}
	return out.String(), cases
}

// decodeCase decodes the packet whole and byte by byte, which must agree.
func decodeCase(t *testing.T, v, in string) string {
	t.Helper()
	level, err := strconv.Atoi(v)
	if err != nil {
		t.Fatal(err)
	}
	packet := assemble(t, in)
	connecting := strings.HasPrefix(in, "1") || strings.Contains(t.Name(), "before_CONNECT")
	version := Version(level)
	if connecting {
		version = 0
	}
	whole := describe(Version(level), version, packet, len(packet))
	if bytewise := describe(Version(level), version, packet, 1); bytewise != whole {
		t.Errorf("byte by byte: %s\nwhole: %s", bytewise, whole)
	}
	return whole
}

// describe feeds a packet to a Reader in steps and prints what comes out.
func describe(v, readerVersion Version, packet []byte, step int) string {
	r := Reader{Version: readerVersion, MaxPacket: 1 << 20}
	for len(packet) > 0 {
		// A copy of its own, overwritten afterwards: nothing may alias it.
		part := append([]byte(nil), packet[:min(step, len(packet))]...)
		f, n, err := r.Next(part)
		if err != nil {
			return "error " + err.Error()
		}
		if f.Type == 0 {
			packet = packet[n:]
			continue
		}
		if n < len(packet) && step > 1 {
			return fmt.Sprintf("%d bytes beyond the packet", len(packet)-n)
		}
		return describeFrame(v, f)
	}
	return "incomplete"
}

func describeFrame(v Version, f Frame) string {
	text, err := "", error(nil)
	switch f.Type {
	case CONNECT:
		var c Connect
		if c, err = DecodeConnect(f); err == nil {
			text = describeConnect(c)
		} else if c.Version != v {
			text = fmt.Sprintf(" (answer as version %d)", c.Version)
		}
	case PUBLISH:
		var p Publish
		if p, err = DecodePublish(v, f); err == nil {
			text = describePublish(p)
		}
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		var a Ack
		if a, err = DecodeAck(v, f); err == nil {
			text = fmt.Sprintf("id=%d code=%02x properties=%x", a.PacketID, byte(a.Code), a.Properties)
		}
	case SUBSCRIBE:
		text, err = describeMochi(DecodeSubscribe(v, f))
	case UNSUBSCRIBE:
		text, err = describeMochi(DecodeUnsubscribe(v, f))
	case DISCONNECT:
		text, err = describeMochi(DecodeDisconnect(v, f))
	case AUTH:
		text, err = describeMochi(DecodeAuth(f))
	case PINGREQ:
		err = DecodePingreq(f)
	}
	if err != nil {
		return "error " + err.Error() + text
	}
	return strings.TrimSpace(f.Type.String() + " " + text)
}

func describeConnect(c Connect) string {
	p := c.Connect
	text := fmt.Sprintf("version=%d client=%q clean=%t keepalive=%d", c.Version, c.ClientID, p.Clean, p.Keepalive)
	if p.UsernameFlag {
		text += fmt.Sprintf(" user=%q", p.Username)
	}
	if p.PasswordFlag {
		text += fmt.Sprintf(" password=%q", p.Password)
	}
	if c.Bridge {
		text += " bridge"
	}
	text += describeProperties(&c.Properties)
	if c.Will != nil {
		text += fmt.Sprintf(" will={%s delay=%d}", describePublish(*c.Will), p.WillProperties.WillDelayInterval)
	}
	return text
}

func describePublish(p Publish) string {
	text := fmt.Sprintf("topic=%q payload=%q qos=%d dup=%t retain=%t id=%d", short(p.Topic), short(p.Payload), p.QoS, p.Dup, p.Retain, p.PacketID)
	props := &p.Properties
	if props.Has(PayloadFormat) {
		text += fmt.Sprintf(" utf8=%t", props.PayloadIsUTF8)
	}
	if props.Has(MessageExpiry) {
		text += fmt.Sprintf(" expiry=%d", props.Expiry)
	}
	if props.TopicAlias != 0 {
		text += fmt.Sprintf(" alias=%d", props.TopicAlias)
	}
	if props.Has(ContentType) {
		text += fmt.Sprintf(" contentType=%q", props.ContentType)
	}
	if props.Has(ResponseTopic) {
		text += fmt.Sprintf(" responseTopic=%q", props.ResponseTopic)
	}
	if props.Has(CorrelationData) {
		text += fmt.Sprintf(" correlation=%x", props.CorrelationData)
	}
	for k, v := range props.User() {
		text += fmt.Sprintf(" user=%q:%q", k, v)
	}
	if fwd := props.AppendForward(nil); len(fwd) > 0 {
		text += fmt.Sprintf(" forward=%x", fwd)
	}
	return text
}

func short(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%s...(%d)", b[:8], len(b))
	}
	return string(b)
}

func describeMochi(pk *packets.Packet, err error) (string, error) {
	if err != nil {
		return "", err
	}
	text := ""
	if pk.FixedHeader.Type == byte(SUBSCRIBE) || pk.FixedHeader.Type == byte(UNSUBSCRIBE) {
		text = fmt.Sprintf("id=%d", pk.PacketID)
	} else {
		text = fmt.Sprintf("code=%02x", pk.ReasonCode)
	}
	for _, s := range pk.Filters {
		text += fmt.Sprintf(" %q", s.Filter)
		if pk.FixedHeader.Type == byte(SUBSCRIBE) {
			text += fmt.Sprintf("(qos=%d nl=%t rap=%t rh=%d sub=%d)", s.Qos, s.NoLocal, s.RetainAsPublished, s.RetainHandling, s.Identifier)
		}
	}
	return text + describeProperties(&pk.Properties), nil
}

func describeProperties(p *packets.Properties) string {
	text := ""
	add := func(ok bool, format string, v any) {
		if ok {
			text += fmt.Sprintf(" "+format, v)
		}
	}
	add(p.SessionExpiryIntervalFlag, "sessionExpiry=%d", p.SessionExpiryInterval)
	add(p.ReceiveMaximum > 0, "receiveMaximum=%d", p.ReceiveMaximum)
	add(p.MaximumPacketSize > 0, "maximumPacket=%d", p.MaximumPacketSize)
	add(p.TopicAliasMaximum > 0, "aliases=%d", p.TopicAliasMaximum)
	add(p.RequestProblemInfoFlag, "problemInfo=%d", p.RequestProblemInfo)
	add(p.RequestResponseInfo > 0, "responseInfo=%d", p.RequestResponseInfo)
	add(p.AuthenticationMethod != "", "method=%q", p.AuthenticationMethod)
	add(len(p.AuthenticationData) > 0, "data=%x", p.AuthenticationData)
	add(p.ReasonString != "", "reason=%q", p.ReasonString)
	for _, u := range p.User {
		text += fmt.Sprintf(" user=%q:%q", u.Key, u.Val)
	}
	return text
}

// assemble turns the notation of a case into bytes.
func assemble(t *testing.T, text string) []byte {
	t.Helper()
	rest := text
	out := assembleUntil(t, &rest, 0)
	if strings.TrimSpace(rest) != "" {
		t.Fatalf("cannot read %q", rest)
	}
	return out
}

func assembleUntil(t *testing.T, rest *string, end byte) (out []byte) {
	t.Helper()
	for {
		s := strings.TrimLeft(*rest, " ")
		if s == "" || s[0] == end && end != 0 {
			*rest = strings.TrimPrefix(s, string(rune(end)))
			return out
		}
		switch s[0] {
		case '(':
			*rest = s[1:]
			inner := assembleUntil(t, rest, ')')
			out = append(appendVarint(out, len(inner)), inner...)
		case '"', '\'':
			body, after, ok := strings.Cut(s[1:], string(s[0]))
			if !ok {
				t.Fatalf("no end of %q", s)
			}
			if count, found := strings.CutPrefix(after, "*"); found {
				digits, tail, _ := strings.Cut(count, " ")
				n, err := strconv.Atoi(digits)
				if err != nil {
					t.Fatal(err)
				}
				body, after = strings.Repeat(body, n), tail
			}
			if s[0] == '\'' {
				out = binary.BigEndian.AppendUint16(out, uint16(len(body)))
			}
			out, *rest = append(out, body...), after
		default:
			word, after, _ := strings.Cut(s, " ")
			b, err := hex.DecodeString(word)
			if err != nil {
				t.Fatalf("%q: %v", word, err)
			}
			out, *rest = append(out, b...), after
		}
	}
}
