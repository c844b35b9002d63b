package awsapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
)

func TestParseQueueURL(t *testing.T) {
	for _, c := range []struct {
		in   string
		want awsapi.QueueRef
		ok   bool
	}{
		{"https://sqs.eu-west-1.amazonaws.com/123456789012/q", awsapi.QueueRef{Region: "eu-west-1", Account: "123456789012", Name: "q"}, true},
		{"https://eu-west-1.queue.amazonaws.com/1/q", awsapi.QueueRef{Region: "eu-west-1", Account: "1", Name: "q"}, true},
		{"https://queue.amazonaws.com/1/q", awsapi.QueueRef{Account: "1", Name: "q"}, true},
		{"https://sqs.us-gov-west-1.api.aws/1/q.fifo", awsapi.QueueRef{Region: "us-gov-west-1", Account: "1", Name: "q.fifo"}, true},
		{"http://localhost:4566/000000000000/q", awsapi.QueueRef{Account: "000000000000", Name: "q"}, true},
		{"http://[::1]:4566/000000000000/q/", awsapi.QueueRef{Account: "000000000000", Name: "q"}, true},
		{"http://sqs.us-east-1.localhost.localstack.cloud:4566/0/q", awsapi.QueueRef{Region: "us-east-1", Account: "0", Name: "q"}, true},
		{"http://host:1/queue/us-east-1/0/q", awsapi.QueueRef{Region: "us-east-1", Account: "0", Name: "q"}, true},
		{"/000000000000/q", awsapi.QueueRef{Account: "000000000000", Name: "q"}, true},
		{"q", awsapi.QueueRef{Name: "q"}, true},
		{"q.fifo", awsapi.QueueRef{Name: "q.fifo"}, true},
		{"http://localhost:4566/q", awsapi.QueueRef{Name: "q"}, true},
		{"", awsapi.QueueRef{}, false},
		{"http://localhost:4566/", awsapi.QueueRef{}, false},
		{"http://localhost:4566/a/b/c", awsapi.QueueRef{}, false},
		{"http://loc alhost/a/b", awsapi.QueueRef{}, false},
		{"/%zz/q", awsapi.QueueRef{}, false},
		{strings.Repeat("/q", 2000), awsapi.QueueRef{}, false},
	} {
		got, ok := awsapi.ParseQueueURL(c.in)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%.60q: %+v %v, want %+v %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

func TestARN(t *testing.T) {
	a, err := awsapi.ParseARN("arn:aws:sns:us-east-1:1:topic:5be8c3ae-id")
	if err != nil || a.Service != "sns" || a.Region != "us-east-1" || a.Account != "1" {
		t.Fatal(a, err)
	}
	if topic, id := a.SplitSubscription(); topic != "topic" || id != "5be8c3ae-id" {
		t.Error(topic, id)
	}
	if a.String() != "arn:aws:sns:us-east-1:1:topic:5be8c3ae-id" {
		t.Error(a)
	}
	if got := awsapi.SubscriptionARN(awsapi.ARN{"aws", "sns", "r", "1", "t"}, "id"); got != "arn:aws:sns:r:1:t:id" {
		t.Error(got)
	}
	for in, n := range map[string]int{"": 1, "x": 1, "arn:aws": 2, "arn:aws:sns:us-east-1:1": 5} {
		var e *awsapi.ARNError
		if _, err := awsapi.ParseARN(in); !errors.As(err, &e) || e.Elements != n {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, in := range []string{"arn:aws:sns:r:1:", "nra:aws:sns:r:1:t", "arn::sns:r:1:t", "arn:aws::r:1:t"} {
		if a, err := awsapi.ParseARN(in); err == nil {
			t.Errorf("%q: %+v", in, a)
		}
	}
}

func TestAlias(t *testing.T) {
	long := strings.Repeat("a", 81)
	for _, c := range []struct{ name, want string }{
		{"orders-new", "orders-new"},
		{"orders_New1.fifo", "orders_New1.fifo"},
		{strings.Repeat("a", 80), strings.Repeat("a", 80)},
		{strings.Repeat("a", 75) + ".fifo", strings.Repeat("a", 75) + ".fifo"},
		{"orders.new", "orders-new-"},
		{"orders/new", "orders-new-"},
		{"orders new", "orders-new-"},
		{"a:b", "a_b-"},
		{"a.b.fifo", "a-b-"},
		{"\U0001F4E6box", "_box-"},
		{long, strings.Repeat("a", 71) + "-"},
		{"bad\xff", "bad_-"},
		{"", "-"},
		{".fifo", "-"},
	} {
		got := awsapi.QueueAlias(c.name)
		if !strings.HasPrefix(got, c.want) || !awsapi.IsQueueName(got) {
			t.Errorf("%q: %q", c.name, got)
		}
		if got != c.name && len(strings.TrimSuffix(got, ".fifo")) != len(c.want)+8 {
			t.Errorf("%q: %q has no hash of 8", c.name, got)
		}
		if strings.HasSuffix(c.name, ".fifo") != strings.HasSuffix(got, ".fifo") {
			t.Errorf("%q: %q: .fifo lost or gained", c.name, got)
		}
		if topic := awsapi.TopicAlias(c.name); !awsapi.IsTopicName(topic) {
			t.Errorf("%q: topic %q", c.name, topic)
		}
	}
	if awsapi.TopicAlias(long) != long {
		t.Error("81 characters are a legal topic name")
	}
	seen := map[string]string{}
	for _, n := range []string{"orders.new", "orders/new", "orders new", "orders-new", "a.b.fifo", "a.b", "a-b.fifo", long, long + "a"} {
		a := awsapi.QueueAlias(n)
		if other, ok := seen[a]; ok {
			t.Errorf("%q and %q share %q", n, other, a)
		}
		seen[a] = n
	}
	// The alias is stored nowhere, so it must never change.
	if got := awsapi.QueueAlias("orders.new"); got != "orders-new-7f9945ec" {
		t.Errorf("the hash changed: %s", got)
	}
}

func TestMD5(t *testing.T) {
	if got := awsapi.MD5OfBody("a"); got != "0cc175b9c0f1b6a831c399e269772661" {
		t.Error(got)
	}
	if got := awsapi.MD5OfBody(""); got != "d41d8cd98f00b204e9800998ecf8427e" {
		t.Error(got)
	}
	if got := awsapi.MD5OfAttributes(nil); got != "" {
		t.Error(got)
	}
	one := []awsapi.Attribute{{Name: "timestamp", DataType: "Number", StringValue: "1493147359900"}}
	if got := awsapi.MD5OfAttributes(one); got != "235c5c510d26fb653d073faed50ae77c" {
		t.Error(got)
	}
	a := awsapi.Attribute{Name: "a", DataType: "Binary.png", BinaryValue: []byte("xyz")}
	b := awsapi.Attribute{Name: "b", DataType: "String", StringValue: "xyz"}
	if x, y := awsapi.MD5OfAttributes([]awsapi.Attribute{a, b}), awsapi.MD5OfAttributes([]awsapi.Attribute{b, a}); x != y {
		t.Error("the order matters:", x, y)
	}
	a.DataType = "Binary2"
	if awsapi.IsBinaryType(a.DataType) {
		t.Error("Binary2 is binary")
	}
}

func TestMessageText(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "a\t\r\n": true, "\x00": false, "\x0b": false, "\x1f": false, "\x7f": true, "é\uD7FF\uE000\uFFFD": true,
		"\uFFFE": false, "\uFFFF": false, "\U00010000\U0010FFFF": true, "\xff": false, "\xed\xa0\x80": false,
	} {
		if got := awsapi.IsMessageText(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{"http://sqs.eu-west-1.amazonaws.com/1/q", "q", "/1/q", "http://h/queue/r-1/1/q", "arn:aws:sqs:r:1:q", "arn:::", "a.b.fifo"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ref, ok := awsapi.ParseQueueURL(s); ok && (ref.Name == "" || strings.Contains(ref.Name, "/") && !strings.Contains(s, "%")) {
			t.Errorf("%q: %+v", s, ref)
		}
		if a, err := awsapi.ParseARN(s); err == nil && a.String() != s {
			t.Errorf("%q became %q", s, a)
		}
		for _, alias := range []string{awsapi.QueueAlias(s), awsapi.QueueAlias(s + ".fifo")} {
			if !awsapi.IsQueueName(alias) || awsapi.QueueAlias(alias) != alias {
				t.Errorf("%q: alias %q", s, alias)
			}
		}
		if a := awsapi.TopicAlias(s); !awsapi.IsTopicName(a) {
			t.Errorf("%q: topic alias %q", s, a)
		}
	})
}
