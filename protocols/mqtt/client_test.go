package mqtt

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/protocols"
)

// A client sends packets that are written as text and prints what it gets as
// text. It has a small codec of its own, so that ours is not its own judge.
type client struct {
	t  testing.TB
	nc net.Conn
	r  *bufio.Reader
	v  byte
}

func (w *world) client(v byte) *client {
	nc := w.dial()
	c := &client{t: w.t, nc: nc, r: bufio.NewReader(nc), v: v}
	w.t.Cleanup(func() { _ = nc.Close() })
	return c
}

// connected is a client that was let in.
func (w *world) connected(v byte, connect string) *client {
	w.t.Helper()
	c := w.client(v)
	c.send("connect %s", connect)
	if got := c.get(); !strings.HasPrefix(got, "connack code=00") {
		w.t.Fatalf("connect %s: %s", connect, got)
	}
	return c
}

func (c *client) send(format string, args ...any) {
	c.t.Helper()
	if _, err := c.nc.Write(encodeText(c.t, c.v, fmt.Sprintf(format, args...))); err != nil {
		c.t.Fatalf("send %s: %v", fmt.Sprintf(format, args...), err)
	}
}

// want reads one packet and compares.
func (c *client) want(format string, args ...any) {
	c.t.Helper()
	want := fmt.Sprintf(format, args...)
	if got := c.get(); got != want {
		c.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// get reads one packet; "end" is the end of the connection.
func (c *client) get() string {
	c.t.Helper()
	text, err := c.read()
	if err != nil {
		c.t.Fatalf("no packet: %v", err)
	}
	return text
}

func (c *client) read() (string, error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(patience)) // fails at the end, which the read tells
	first, err := c.r.ReadByte()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", err
	}
	if err != nil {
		return "end", nil //nolint:nilerr // however it ended
	}
	n, err := binary.ReadUvarint(c.r)
	if err != nil {
		return "", err
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return "", err
	}
	return describe(c.v, first, body), nil
}

// cut ends a connection without a word and waits until the broker has noticed.
func (w *world) cut(c *client) {
	me := c.nc.LocalAddr().String()
	_ = c.nc.Close()
	if w.pipe {
		synctest.Wait()
		return
	}
	for slices.ContainsFunc(w.srv.Conns(), func(i protocols.Info) bool { return i.Remote == me }) {
		runtime.Gosched()
	}
}

// quiet shows that nothing was on its way: the next packet is an answer.
func (c *client) quiet() {
	c.t.Helper()
	c.send("pingreq")
	c.want("pingresp")
}

var packetTypes = []string{"", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp",
	"subscribe", "suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth"}

// property kinds: 1, 2 and 4 are bytes of a number, s a string, b binary (as
// hex), v a varint, p a pair.
var propertyNames = map[string]struct {
	id   byte
	kind byte
}{
	"format": {1, '1'}, "expiry": {2, '4'}, "type": {3, 's'}, "response": {8, 's'}, "correlation": {9, 'b'}, "sub": {11, 'v'},
	"session": {17, '4'}, "assigned": {18, 's'}, "keepalive": {19, '2'}, "method": {21, 's'}, "data": {22, 'b'},
	"problem": {23, '1'}, "delay": {24, '4'}, "reason": {31, 's'}, "receive": {33, '2'}, "aliases": {34, '2'}, "alias": {35, '2'},
	"user": {38, 'p'}, "max": {39, '4'}, "ask-response": {25, '1'}, "response-info": {26, 's'}, "server": {28, 's'},
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func appendProperty(t testing.TB, b []byte, name, val string) []byte {
	t.Helper()
	p, ok := propertyNames[name]
	if !ok {
		t.Fatalf("no property %q", name)
	}
	b = append(b, p.id)
	n, _ := strconv.ParseUint(val, 10, 64)
	switch p.kind {
	case '1':
		return append(b, byte(n))
	case '2':
		return binary.BigEndian.AppendUint16(b, uint16(n))
	case '4':
		return binary.BigEndian.AppendUint32(b, uint32(n))
	case 'v':
		return binary.AppendUvarint(b, n)
	case 'b':
		raw, err := hex.DecodeString(val)
		if err != nil {
			t.Fatal(err)
		}
		return appendText(b, string(raw))
	case 'p':
		k, v, _ := strings.Cut(val, ":")
		return appendText(appendText(b, k), v)
	}
	return appendText(b, val)
}

// packetText is one line taken apart: fields, properties and words.
type packetText struct {
	kind        string
	f           map[string]string
	words       []string
	props, will []byte
}

func parseText(t testing.TB, line string) packetText {
	t.Helper()
	kind, rest, _ := strings.Cut(line, " ")
	p := packetText{kind: kind, f: map[string]string{}}
	for _, field := range strings.Fields(rest) {
		key, val, pair := strings.Cut(field, "=")
		switch {
		case !pair:
			p.words = append(p.words, field)
		case strings.HasPrefix(key, "p."):
			p.props = appendProperty(t, p.props, key[2:], val)
		case strings.HasPrefix(key, "w."):
			p.will = appendProperty(t, p.will, key[2:], val)
		default:
			p.f[key] = val
		}
	}
	return p
}

func (p *packetText) has(word string) bool {
	for _, w := range p.words {
		if w == word {
			return true
		}
	}
	return false
}

func (p *packetText) num(key string) uint16 {
	n, _ := strconv.ParseUint(p.f[key], 0, 16)
	return uint16(n)
}

// encodeText writes one packet of a client.
func encodeText(t testing.TB, v byte, line string) []byte {
	t.Helper()
	if raw, ok := strings.CutPrefix(line, "hex "); ok {
		b, err := hex.DecodeString(strings.ReplaceAll(raw, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	p := parseText(t, line)
	var typ byte
	for i, name := range packetTypes {
		if name == p.kind {
			typ = byte(i)
		}
	}
	block := func(b, props []byte) []byte {
		if v != 5 {
			return b
		}
		return append(binary.AppendUvarint(b, uint64(len(props))), props...)
	}
	first, b := typ<<4, []byte(nil)
	switch p.kind {
	case "connect":
		b = encodeConnect(&p, v, block)
	case "publish":
		qos := byte(p.num("qos"))
		first |= qos << 1
		for i, flag := range []string{"retain", "", "", "dup"} {
			if flag != "" && p.has(flag) {
				first |= 1 << i
			}
		}
		b = appendText(b, p.f["topic"])
		if qos > 0 {
			b = binary.BigEndian.AppendUint16(b, p.num("id"))
		}
		b = append(block(b, p.props), p.payload()...)
	case "puback", "pubrec", "pubrel", "pubcomp":
		if p.kind == "pubrel" {
			first |= 2
		}
		b = binary.BigEndian.AppendUint16(b, p.num("id"))
		if v == 5 && p.f["code"] != "" {
			b = append(b, byte(p.num("code")))
		}
	case "subscribe", "unsubscribe":
		first |= 2
		b = block(binary.BigEndian.AppendUint16(b, p.num("id")), p.props)
		for _, w := range p.words {
			filter, opts, _ := strings.Cut(w, ":")
			if b = appendText(b, filter); p.kind == "subscribe" {
				b = append(b, subscribeOptions(opts))
			}
		}
	case "auth":
		b = block(append(b, byte(p.num("code"))), p.props)
	case "disconnect":
		if v == 5 && (p.f["code"] != "" || p.props != nil) {
			b = block(append(b, byte(p.num("code"))), p.props)
		}
	}
	return append(binary.AppendUvarint([]byte{first}, uint64(len(b))), b...)
}

// payload is text, or text*n.
func (p *packetText) payload() string {
	text, times, ok := strings.Cut(p.f["payload"], "*")
	if n, err := strconv.Atoi(times); ok && err == nil {
		return strings.Repeat(text, n)
	}
	return p.f["payload"]
}

// subscribeOptions reads "1", "1,nl,rap,rh2".
func subscribeOptions(text string) (b byte) {
	for _, o := range strings.Split(text, ",") {
		switch o {
		case "nl":
			b |= 4
		case "rap":
			b |= 8
		case "rh1":
			b |= 0x10
		case "rh2":
			b |= 0x20
		default:
			n, _ := strconv.Atoi(o)
			b |= byte(n)
		}
	}
	return b
}

func encodeConnect(p *packetText, v byte, block func(b, props []byte) []byte) []byte {
	name, flags := "MQTT", byte(0)
	if v == 3 {
		name = "MQIsdp"
	}
	if p.has("clean") {
		flags |= 2
	}
	will := strings.Split(p.f["will"], ":")
	if p.f["will"] != "" {
		qos, _ := strconv.Atoi(will[2])
		flags |= 4 | byte(qos)<<3
		if p.has("will-retain") {
			flags |= 0x20
		}
	}
	user, hasUser := p.f["user"]
	pass, hasPass := p.f["pass"]
	if hasUser {
		flags |= 0x80
	}
	if hasPass {
		flags |= 0x40
	}
	if p.has("bridge") {
		v |= 0x80
	}
	b := append(appendText(nil, name), v, flags)
	b = block(binary.BigEndian.AppendUint16(b, p.num("keepalive")), p.props)
	b = appendText(b, p.f["id"])
	if p.f["will"] != "" {
		b = appendText(appendText(block(b, p.will), will[0]), will[1])
	}
	if hasUser {
		b = appendText(b, user)
	}
	if hasPass {
		b = appendText(b, pass)
	}
	return b
}

// fields reads the front of a packet for describe.
type fields struct{ b []byte }

func (f *fields) u8() (v byte)    { v, f.b = f.b[0], f.b[1:]; return v }
func (f *fields) u16() (v uint16) { v, f.b = binary.BigEndian.Uint16(f.b), f.b[2:]; return v }
func (f *fields) text() string {
	n := f.u16()
	s := string(f.b[:n])
	f.b = f.b[n:]
	return s
}

func (f *fields) props() string {
	n, size := binary.Uvarint(f.b)
	p := fields{f.b[size : size+int(n)]}
	f.b = f.b[size+int(n):]
	text := ""
	for len(p.b) > 0 {
		id := p.u8()
		for name, spec := range propertyNames {
			if spec.id == id {
				text += " p." + name + "=" + p.value(spec.kind)
			}
		}
	}
	return text
}

func (f *fields) value(kind byte) string {
	switch kind {
	case '1':
		return fmt.Sprint(f.u8())
	case '2':
		return fmt.Sprint(f.u16())
	case '4':
		v := binary.BigEndian.Uint32(f.b)
		f.b = f.b[4:]
		return fmt.Sprint(v)
	case 'v':
		v, n := binary.Uvarint(f.b)
		f.b = f.b[n:]
		return fmt.Sprint(v)
	case 'b':
		return hex.EncodeToString([]byte(f.text()))
	case 'p':
		k := f.text()
		return k + ":" + f.text()
	}
	return f.text()
}

// describe prints one packet of a server.
func describe(v, first byte, body []byte) string {
	f := fields{body}
	text := packetTypes[first>>4]
	switch text {
	case "connack":
		present := f.u8()
		text += fmt.Sprintf(" code=%02x", f.u8())
		if present == 1 {
			text += " present"
		}
		if v == 5 { // what is the same everywhere is left out
			text += strings.ReplaceAll(f.props(), " p.receive=1024 p.aliases=32 p.max=16842752", "")
		}
	case "publish":
		text += " topic=" + f.text()
		if qos := first >> 1 & 3; qos > 0 {
			text += fmt.Sprintf(" qos=%d id=%d", qos, f.u16())
		}
		if first&8 != 0 {
			text += " dup"
		}
		if first&1 != 0 {
			text += " retain"
		}
		if v == 5 {
			text += f.props()
		}
		if len(f.b) > 100 {
			return text + fmt.Sprintf(" payload=(%d)", len(f.b))
		}
		return text + " payload=" + string(f.b)
	case "puback", "pubrec", "pubrel", "pubcomp":
		text += fmt.Sprintf(" id=%d", f.u16())
		if len(f.b) > 0 {
			text += fmt.Sprintf(" code=%02x", f.u8())
		}
		if len(f.b) > 0 {
			text += f.props()
		}
	case "suback", "unsuback":
		text += fmt.Sprintf(" id=%d", f.u16())
		props := ""
		if v == 5 {
			props = f.props()
		}
		if len(f.b) > 0 {
			text += fmt.Sprintf(" codes=%x", f.b)
		}
		return text + props
	case "disconnect", "auth":
		if len(f.b) > 0 {
			text += fmt.Sprintf(" code=%02x", f.u8())
		}
		if len(f.b) > 0 {
			text += f.props()
		}
	}
	return text
}

// getSoon is what comes before a ping is answered; "" for nothing.
func (c *client) getSoon() string {
	c.t.Helper()
	if _, err := c.nc.Write(encodeText(c.t, c.v, "pingreq")); err != nil {
		return "end"
	}
	text := c.get()
	if text == "pingresp" {
		return ""
	}
	return text
}
