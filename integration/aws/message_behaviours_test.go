package aws

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// hard is a text that codecs get wrong: of every class of characters that AWS
// takes, some of which XML, JSON and forms write in another way.
const hard = "é<&>\"'\\ +%20=;\t\r\n\u2028\u00a0😀 end"

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

var everyByte = func() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}()

// typed are attributes of every type that SQS knows.
func typed(blob []byte) map[string]attribute {
	return map[string]attribute{
		"text":       {DataType: "String", StringValue: hard},
		"a.number":   {DataType: "Number", StringValue: "-12.50"},
		"a.custom":   {DataType: "String.colour", StringValue: "blue"},
		"blob":       {DataType: "Binary", BinaryValue: blob},
		"blob_typed": {DataType: "Binary.png", BinaryValue: []byte("png")},
	}
}

var messageBehaviours = []behaviour{
	{name: "send, receive, delete", run: func(s *session) {
		url := s.queue("q")
		sent := s.send(url, hard)
		equal(s, "MD5 of what was sent", sent.MD5OfMessageBody, md5Of(hard))
		got := s.receive(url, 1)[0]
		equal(s, "body", got.Body, hard)
		equal(s, "MD5 of what was received", got.MD5OfBody, md5Of(hard))
		equal(s, "id", got.MessageId, sent.MessageId)
		equal(s, "MD5 of no attributes", got.MD5OfMessageAttributes, "")
		s.remove(url, got)
		s.remove(url, got) // once more is no error
		s.receive(url, 0)
		equal(s, "messages left", s.count(url), "0 visible, 0 in flight, 0 delayed")
	}},
	{name: "counts of messages", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "in flight")
		s.receive(url, 1)
		s.send(url, "visible")
		s.send(url, "delayed", "DelaySeconds", 900)
		equal(s, "counts", s.count(url), "1 visible, 1 in flight, 1 delayed")
	}},
	{name: "at most MaxNumberOfMessages", run: func(s *session) {
		url := s.queue("q")
		for i := range 4 {
			s.send(url, strconv.Itoa(i))
		}
		s.receive(url, 3, "MaxNumberOfMessages", 3)
		s.receive(url, 1)
	}},
	{name: "message attributes and their MD5", run: func(s *session) { s.attributes([]byte("\x00\x01\n\u00e9")) }},
	{name: "message attributes of any bytes", run: func(s *session) { s.attributes(everyByte) },
		not: map[string]string{"cli": "version 1 of the CLI takes blobs as text from JSON, so they are always UTF-8"}},
	{name: "message attributes by name", run: func(s *session) {
		url := s.queue("q", "VisibilityTimeout", "0")
		all := typed(everyByte[:100])
		s.send(url, "b", "MessageAttributes", all)
		for _, tt := range []struct {
			ask  []string
			want []string
		}{
			{[]string{"text"}, []string{"text"}},
			{[]string{"a.*"}, []string{"a.number", "a.custom"}},
			{[]string{".*"}, []string{"text", "a.number", "a.custom", "blob", "blob_typed"}},
			{[]string{"All"}, []string{"text", "a.number", "a.custom", "blob", "blob_typed"}},
			{[]string{"blob", "none"}, []string{"blob"}},
			{[]string{"none"}, nil},
		} {
			got := s.receive(url, 1, "MessageAttributeNames", tt.ask)[0]
			some := map[string]attribute{}
			for _, name := range tt.want {
				some[name] = all[name]
			}
			same(s, got.MessageAttributes, some)
			equal(s, "MD5 of "+strings.Join(tt.ask, " "), got.MD5OfMessageAttributes, md5OfAttributes(some))
		}
	}},
	{name: "system attributes", run: func(s *session) {
		url := s.queue("q")
		const trace = "Root=1-5e1b4151-5ac6c58b1b2c3d4e5f607182"
		header := map[string]attribute{"AWSTraceHeader": {DataType: "String", StringValue: trace}}
		sent := s.send(url, "b", "MessageSystemAttributes", header)
		equal(s, "MD5", sent.MD5OfMessageSystemAttributes, md5OfAttributes(header))
		a := s.receive(url, 1)[0].Attributes
		equal(s, "trace", a["AWSTraceHeader"], trace)
		equal(s, "receive count", a["ApproximateReceiveCount"], "1")
		first, _ := strconv.ParseInt(a["ApproximateFirstReceiveTimestamp"], 10, 64)
		at, _ := strconv.ParseInt(a["SentTimestamp"], 10, 64)
		if at < 1e12 || first < at || a["SenderId"] == "" {
			s.Errorf("%v", a)
		}
	}},
	{name: "system attributes by their new name", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "b")
		a := s.receive(url, 1, "AttributeNames", []string{}, "MessageSystemAttributeNames", []string{"SentTimestamp"})[0].Attributes
		if len(a) != 1 || a["SentTimestamp"] == "" {
			s.Errorf("%v", a)
		}
	}, not: map[string]string{"cli-debian": "the parameter is younger than this CLI"}},
	{name: "a message of 1 MiB", run: func(s *session) {
		url := s.queue("q")
		body := strings.Repeat("0123456789abcdef", 1<<16)
		s.send(url, body)
		if got := s.receive(url, 1)[0].Body; got != body {
			s.Errorf("%d bytes of %d", len(got), len(body))
		}
		s.fails("sqs", "SendMessage", in{"QueueUrl": url, "MessageBody": body + "."},
			want{"", "InvalidParameterValue", 400, "Message must be shorter than 1048576 bytes."})
	}},
}

// attributes sends and receives attributes of all types.
func (s *session) attributes(blob []byte) {
	s.Helper()
	url, all := s.queue("q"), typed(blob)
	sent := s.send(url, "b", "MessageAttributes", all)
	equal(s, "MD5 of what was sent", sent.MD5OfMessageAttributes, md5OfAttributes(all))
	got := s.receive(url, 1)[0]
	same(s, got.MessageAttributes, all)
	equal(s, "MD5 of what was received", got.MD5OfMessageAttributes, md5OfAttributes(all))
}

func same(s *session, got, want map[string]attribute) {
	s.Helper()
	equal(s, "attributes", len(got), len(want))
	for name, w := range want {
		g := got[name]
		if g.DataType != w.DataType || g.StringValue != w.StringValue || !bytes.Equal(g.BinaryValue, w.BinaryValue) {
			s.Errorf("attribute %s: %+v, want %+v", name, g, w)
		}
	}
}

// count is what GetQueueAttributes says of a queue.
func (s *session) count(url string) string {
	s.Helper()
	a := s.sqs("GetQueueAttributes", in{"QueueUrl": url, "AttributeNames": []string{"All"}}).Attributes
	return a["ApproximateNumberOfMessages"] + " visible, " + a["ApproximateNumberOfMessagesNotVisible"] + " in flight, " +
		a["ApproximateNumberOfMessagesDelayed"] + " delayed"
}

// md5OfAttributes is AWS's digest of attributes: by name, each as name, type, the
// kind of value, value; with lengths of four bytes.
func md5OfAttributes(all map[string]attribute) string {
	if len(all) == 0 {
		return ""
	}
	h := md5.New()
	put := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := all[name]
		put([]byte(name))
		put([]byte(a.DataType))
		if strings.HasPrefix(a.DataType, "Binary") {
			h.Write([]byte{2})
			put(a.BinaryValue)
		} else {
			h.Write([]byte{1})
			put([]byte(a.StringValue))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
