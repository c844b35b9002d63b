package wire_test

import (
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

func decodeForm[I any, PI interface {
	*I
	wire.Input
}](t *testing.T, form string) I {
	t.Helper()
	q, err := wire.ParseQuery(form)
	if err != nil {
		t.Fatal(form, err)
	}
	var in I
	PI(&in).DecodeQuery(q, "")
	if err := q.Err(); err != nil {
		t.Fatal(form, err)
	}
	return in
}

// TestSQSQuery: the flattened lists and maps of SQS's Query form, and what some
// SDKs send instead.
func TestSQSQuery(t *testing.T) {
	tags := wire.Map[string]{{Key: "k", Value: "v"}, {Key: "l", Value: ""}}
	for _, form := range []string{
		"Tag.1.Key=k&Tag.1.Value=v&Tag.2.Key=l&Tag.2.Value=",
		"Tags.1.Key=k&Tags.1.Value=v&Tags.2.Key=l",
		"Tags.entry.1.key=k&Tags.entry.1.value=v&Tags.entry.2.key=l",
		"Tag.30.Key=l&Tag.4.Key=k&Tag.4.Value=v",
	} {
		if in := decodeForm[sqsapi.TagQueueInput](t, form); !reflect.DeepEqual(in.Tags, tags) {
			t.Errorf("%s: %+v", form, in.Tags)
		}
	}
	in := decodeForm[sqsapi.SendMessageBatchInput](t, strings.Join([]string{
		"QueueUrl=q",
		"SendMessageBatchRequestEntry.1.Id=a", "SendMessageBatchRequestEntry.1.MessageBody=x+y%26", "SendMessageBatchRequestEntry.1.DelaySeconds=0",
		"SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n", "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary",
		"SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AP8%3D",
		"SendMessageBatchRequestEntry.10.Id=c", "SendMessageBatchRequestEntry.2.Id=b", "SendMessageBatchRequestEntry.2.DelaySeconds=",
		"SendMessageBatchRequestEntry.2.MessageSystemAttribute.1.Name=AWSTraceHeader",
		"SendMessageBatchRequestEntry.2.MessageSystemAttribute.1.Value.StringValue=t",
	}, "&"))
	want := []sqsapi.SendMessageBatchRequestEntry{
		{Id: wire.Some("a"), MessageBody: wire.Some("x y&"), DelaySeconds: wire.Some(int32(0)), MessageAttributes: wire.Map[sqsapi.MessageAttributeValue]{
			{Key: "n", Value: sqsapi.MessageAttributeValue{DataType: wire.Some("Binary"), BinaryValue: []byte{0, 255}}}}},
		{Id: wire.Some("b"), MessageSystemAttributes: wire.Map[sqsapi.MessageSystemAttributeValue]{
			{Key: "AWSTraceHeader", Value: sqsapi.MessageSystemAttributeValue{StringValue: wire.Some("t")}}}},
		{Id: wire.Some("c")},
	}
	if !reflect.DeepEqual(in.Entries, want) {
		t.Errorf("%+v", in.Entries)
	}
	got := decodeForm[sqsapi.ReceiveMessageInput](t, "AttributeName.1=All&MessageAttributeName.1=a&MessageAttributeName.2=b.*&MessageSystemAttributeName.1=SenderId")
	if fmt.Sprint(got.AttributeNames, got.MessageAttributeNames, got.MessageSystemAttributeNames) != "[All] [a b.*] [SenderId]" {
		t.Errorf("%+v", got)
	}
	perm := decodeForm[sqsapi.AddPermissionInput](t, "AWSAccountId.1=1&AWSAccountId.2=2&ActionName.1=SendMessage&Label=l")
	if fmt.Sprint(perm.AWSAccountIds, perm.Actions) != "[1 2] [SendMessage]" {
		t.Errorf("%+v", perm)
	}
	set := decodeForm[sqsapi.SetQueueAttributesInput](t, "Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Attribute.2.Name=DelaySeconds&Attribute.2.Value=6")
	if !reflect.DeepEqual(set.Attributes, wire.Map[string]{{Key: "DelaySeconds", Value: "6"}}) {
		t.Errorf("%+v", set)
	}
}

// TestSQSXML: names of elements that SQS's model lost.
func TestSQSXML(t *testing.T) {
	out := sqsapi.ReceiveMessageOutput{Messages: []sqsapi.Message{{
		MessageId: wire.Some("m"), Body: wire.Some("a<b>&\"c\"'\r\n\t"), Attributes: wire.Map[string]{{Key: "SenderId", Value: "s"}},
		MessageAttributes: wire.Map[sqsapi.MessageAttributeValue]{{Key: "n", Value: sqsapi.MessageAttributeValue{DataType: wire.Some("Binary"), BinaryValue: []byte("x")}}},
	}}}
	w := wire.XMLWriter{}
	out.AppendXML(&w)
	want := `<Message><MessageId>m</MessageId><Body>a&lt;b&gt;&amp;&quot;c&quot;'&#xD;` + "\n\t" + `</Body>` +
		`<Attribute><Name>SenderId</Name><Value>s</Value></Attribute>` +
		`<MessageAttribute><Name>n</Name><Value><BinaryValue>eA==</BinaryValue><DataType>Binary</DataType></Value></MessageAttribute></Message>`
	if string(w.B) != want {
		t.Errorf("%s", w.B)
	}
	tags := sqsapi.ListQueueTagsOutput{Tags: wire.Map[string]{{Key: "k", Value: "v"}}}
	w = wire.XMLWriter{}
	tags.AppendXML(&w)
	if string(w.B) != `<Tag><Key>k</Key><Value>v</Value></Tag>` {
		t.Errorf("%s", w.B)
	}
	urls := sqsapi.ListDeadLetterSourceQueuesOutput{QueueUrls: []string{"u", "v"}}
	w = wire.XMLWriter{}
	urls.AppendXML(&w)
	if string(w.B) != `<QueueUrl>u</QueueUrl><QueueUrl>v</QueueUrl>` {
		t.Errorf("%s", w.B)
	}
}

func TestQueryRefuses(t *testing.T) {
	for _, form := range []string{"a=%zz", "%=1", "a=%ff", "%ff=1", strings.Repeat("a=1&", wire.MaxElements+1)} {
		if _, err := wire.ParseQuery(form); err == nil {
			t.Errorf("%.20s was accepted", form)
		}
	}
	for _, form := range []string{"DelaySeconds=x", "DelaySeconds=1.5", "DelaySeconds=2147483648",
		"MessageAttribute.1.Name=a&MessageAttribute.1.Value.BinaryValue=*"} {
		q, err := wire.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		var in sqsapi.SendMessageInput
		in.DecodeQuery(q, "")
		if q.Err() == nil {
			t.Errorf("%s was accepted", form)
		}
	}
	// Indexes that do not spell their parameter back are none.
	in := decodeForm[sqsapi.UntagQueueInput](t, "TagKey.0=a&TagKey.01=b&TagKey.x=c&TagKey.=d&TagKey.-1=e&TagKey.9999999999=f")
	if in.TagKeys != nil {
		t.Errorf("%v", in.TagKeys)
	}
}

// TestQueryManyElements: a long list is decoded in time that grows with its length.
func TestQueryManyElements(t *testing.T) {
	var b strings.Builder
	for i := 1; i <= wire.MaxElements; i++ {
		fmt.Fprintf(&b, "&attributes.entry.%d.key=k", i)
	}
	in := decodeForm[snsapi.SetSMSAttributesInput](t, b.String()[1:])
	if len(in.Attributes) != 1 {
		t.Errorf("%d", len(in.Attributes))
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("Action=Publish&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.BinaryValue=AA%3D%3D")
	f.Add("PublishBatchRequestEntries.member.2.Id=a&PublishBatchRequestEntries.member.1.Id=b&PublishBatchRequestEntries.member.1.MessageAttributes.entry.7.Name=x")
	f.Add("Tag.1.Key=a&Tags.2.Key=b&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n&MaxNumberOfMessages=1")
	f.Fuzz(func(t *testing.T, form string) {
		q, err := wire.ParseQuery(form)
		if err != nil {
			return
		}
		var batch snsapi.PublishBatchInput
		var send sqsapi.SendMessageBatchInput
		var tags sqsapi.TagQueueInput
		for _, in := range []wire.Input{&batch, &send, &tags, &sqsapi.ReceiveMessageInput{}} {
			in.DecodeQuery(q, "")
			v := wire.NewValidator(snsapi.Service)
			in.Validate(&v)
			if e := v.Err(); e != nil && len(e.Message) > 16<<10 {
				t.Errorf("an error of %d bytes", len(e.Message))
			}
		}
		if n := len(batch.PublishBatchRequestEntries) + len(send.Entries); n > strings.Count(form, "=")+strings.Count(form, "&")+1 {
			t.Errorf("%d entries of %q", n, form)
		}
	})
}

// FuzzXMLText: what we write, an XML reader reads back.
func FuzzXMLText(f *testing.F) {
	f.Add("a<&>\"'\r\n\x00\uFFFE\U0001F4E6\xff]]>")
	f.Fuzz(func(t *testing.T, s string) {
		w := wire.XMLWriter{}
		w.Text("a", s)
		var back string
		if err := xml.Unmarshal(w.B, &back); err != nil {
			t.Fatalf("%q: %v", w.B, err)
		}
		want := strings.Map(func(r rune) rune {
			if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				return 0xFFFD
			}
			return r
		}, string([]rune(s)))
		if back != want {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}

// TestEmptyList: clients write an empty list as its bare name, which tells it
// from one that is not there.
func TestEmptyList(t *testing.T) {
	for form, there := range map[string]bool{
		"TopicArn=a":                              false,
		"PublishBatchRequestEntries=":             true,
		"PublishBatchRequestEntries.member=":      true,
		"PublishBatchRequestEntriesOfOthers=":     false,
		"PublishBatchRequestEntries.member.1.Id=": true,
	} {
		if in := decodeForm[snsapi.PublishBatchInput](t, form); (in.PublishBatchRequestEntries != nil) != there {
			t.Errorf("%s: %v", form, in.PublishBatchRequestEntries)
		}
	}
}
