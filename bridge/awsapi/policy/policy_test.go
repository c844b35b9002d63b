package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
)

func lines(t testing.TB, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

var services = map[string]*policy.Service{"sqs": policy.SQS, "sns": policy.SNS}

// request reads `caller action resource key=value...`
func request(line string) *policy.Request {
	f := strings.Fields(line)
	r := &policy.Request{Action: f[1], Resource: f[2], Keys: policy.Keys{}}
	switch who := f[0]; {
	case strings.HasPrefix(who, "arn:"):
		r.Caller = policy.Caller{Account: strings.Split(who, ":")[4], ARN: who}
	case strings.Contains(who, ".amazonaws.com"):
		r.Caller.Service = who
	case who != "-":
		r.Caller = policy.Caller{Account: who, ARN: "arn:aws:iam::" + who + ":user/someone"}
	}
	for _, kv := range f[3:] {
		k, v, _ := strings.Cut(kv, "=")
		r.Keys[k] = append(r.Keys[k], v)
	}
	return r
}

func TestDecide(t *testing.T) {
	var d *policy.Document
	text := ""
	for _, line := range lines(t, "decide.txt") {
		if rest, ok := strings.CutPrefix(line, "policy "); ok {
			var err error
			if d, err = services[rest[:3]].Parse(rest[4:]); err != nil {
				t.Fatalf("%s: %v", rest, err)
			}
			text = rest
			continue
		}
		want, rest, _ := strings.Cut(line, " ")
		if got := d.Decide(request(rest)); got.String() != want {
			t.Errorf("%s\n%s: %v", text, line, got)
		}
	}
	if d, err := policy.SQS.Parse(""); err != nil || d.Decide(&policy.Request{}) != policy.Neutral {
		t.Error("no policy says something")
	}
}

func TestInvalid(t *testing.T) {
	all := lines(t, "invalid.txt")
	many := func(n int, statement string) string {
		return `{"Statement":[` + strings.TrimSuffix(strings.Repeat(statement+",", n), ",") + `]}`
	}
	const bad = " | Invalid value for the parameter Policy."
	const allow = `{"Effect":"Allow","Principal":"*","Action":"sqs:*"}`
	all = append(all,
		"sqs "+many(21, allow)+bad,
		"sqs "+many(1, `{"Effect":"Allow","Principal":{"AWS":[`+strings.Repeat(`"*",`, 50)+`"*"]},"Action":"sqs:*"}`)+bad,
		"sqs "+many(11, `{"Effect":"Allow","Principal":"*","Action":"sqs:*","Condition":{"StringEquals":{"a":"b"}}}`)+bad,
		"sqs "+many(1, allow)+strings.Repeat(" ", 8192)+bad,
		"sns "+strings.Repeat(" ", 30_721)+" | Policy exceeds the maximum size of 30 KB.")
	for _, line := range all {
		service, rest, _ := strings.Cut(line, " ")
		text, want, _ := strings.Cut(rest, " | ")
		_, err := services[service].Parse(text)
		var e *policy.Error
		if !errors.As(err, &e) || e.Text != want {
			t.Errorf("%.200s: %v, want %s", line, err, want)
		} else if (e.Kind == policy.OverLimit) != strings.Contains(want, "Actions were found") {
			t.Errorf("%s: kind %v", line, e.Kind)
		}
	}
	if _, err := policy.SQS.Parse(many(20, allow)); err != nil {
		t.Error(err)
	}
}

const (
	queue = "arn:aws:sqs:us-east-1:111111111111:q"
	topic = "arn:aws-cn:sns:cn-north-1:111111111111:t"
)

// TestPermissions walks through what AWS was recorded to write.
func TestPermissions(t *testing.T) {
	doc, err := policy.SQS.AddPermission("", queue, "crossaccountpermission", []string{"668614515564"}, []string{"ReceiveMessage"})
	first := `{"Sid":"crossaccountpermission","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::668614515564:root"},"Action":"SQS:ReceiveMessage","Resource":"` + queue + `"}`
	head := `{"Version":"2008-10-17","Id":"` + queue + `/SQSDefaultPolicy","Statement":[`
	if want := head + first + `]}`; err != nil || doc != want {
		t.Fatalf("%v\n%s\nwant\n%s", err, doc, want)
	}
	doc, err = policy.SQS.AddPermission(doc, queue, "two", []string{"111111111111", "222222222222"}, []string{"SendMessage", "*"})
	second := `{"Sid":"two","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::222222222222:root"]},"Action":["SQS:SendMessage","SQS:*"],"Resource":"` + queue + `"}`
	if want := head + first + "," + second + `]}`; err != nil || doc != want {
		t.Fatalf("%v\n%s\nwant\n%s", err, doc, want)
	}
	d, err := policy.SQS.Parse(doc)
	if err != nil || d.Decide(&policy.Request{Caller: policy.Caller{Account: "222222222222"}, Action: "sqs:PurgeQueue", Resource: queue}) != policy.Allow {
		t.Error(d, err)
	}
	if doc, err = policy.SQS.RemovePermission(doc, "crossaccountpermission"); err != nil || doc != head+second+`]}` {
		t.Error(doc, err)
	}
	if doc, err = policy.SQS.RemovePermission(doc, "two"); err != nil || doc != "" {
		t.Error(doc, err)
	}

	own := `{"Version":"2012-10-17", "Statement":{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"` + topic + `"}}`
	doc, err = policy.SNS.AddPermission(own, topic, "l", []string{"222222222222"}, []string{"Publish", "Subscribe"})
	if want := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"` + topic + `"},` +
		`{"Sid":"l","Effect":"Allow","Principal":{"AWS":"arn:aws-cn:iam::222222222222:root"},"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"` + topic + `"}]}`; err != nil || doc != want {
		t.Errorf("%v\n%s\nwant\n%s", err, doc, want)
	}
	if same, err := policy.SNS.RemovePermission(doc, "other"); err != nil || same != doc {
		t.Error(same, err)
	}
	if d, err := policy.SNS.Parse(policy.DefaultTopicPolicy(topic, "111111111111")); err != nil || d.Decide(request("111111111111 sns:publish "+topic+" aws:sourceowner=111111111111")) != policy.Allow {
		t.Error(err)
	}
}

// TestRecordedErrors: rows of the recorded errors about permissions, and those of
// other sources.
func TestRecordedErrors(t *testing.T) {
	have, _ := policy.SQS.AddPermission("", queue, "crossaccountpermission", []string{"111111111111"}, []string{"SendMessage"})
	topicHas, _ := policy.SNS.AddPermission("", topic, "label", []string{"111111111111"}, []string{"Publish"})
	one, send := []string{"111111111111"}, []string{"SendMessage"}
	add := func(s *policy.Service, doc, label string, accounts, actions []string) error {
		_, err := s.AddPermission(doc, queue, label, accounts, actions)
		return err
	}
	_, gone := policy.SQS.RemovePermission(have, "crossaccountpermission2")
	_, none := policy.SQS.RemovePermission("", "x")
	for _, c := range []struct {
		err  error
		kind policy.Kind
		want string
	}{
		{add(policy.SQS, have, "crossaccountpermission", one, send), policy.InvalidParameterValue, "Value crossaccountpermission for parameter Label is invalid. Reason: Already exists."},
		{gone, policy.InvalidParameterValue, "Value crossaccountpermission2 for parameter Label is invalid. Reason: can't find label."},
		{none, policy.InvalidParameterValue, "Value x for parameter Label is invalid. Reason: can't find label."},
		{add(policy.SNS, "", "l", one, []string{"NotAnAction"}), 0, "Policy statement action out of service scope!"},
		{add(policy.SNS, topicHas, "label", one, []string{"Publish"}), 0, "Statement already exists"},
		{add(policy.SNS, "", "l", []string{"x"}, []string{"Publish"}), 0, "Policy Error: PrincipalNotFound"},
		{add(policy.SQS, "", "l", one, strings.Split(strings.Repeat("SendMessage,", 7)+"SendMessage", ",")), policy.OverLimit, "8 Actions were found, maximum allowed is 7."},
		{add(policy.SQS, "", "l", one, []string{"RemovePermission"}), policy.InvalidParameterValue, "Value SQS:RemovePermission for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action."},
		{add(policy.SQS, "", "l", nil, send), policy.InvalidParameterValue, "Value [] for parameter PrincipalId is invalid. Reason: Unable to verify."},
		{add(policy.SQS, "", "l", []string{"me"}, send), policy.InvalidParameterValue, "Value [me] for parameter PrincipalId is invalid. Reason: Unable to verify."},
		{add(policy.SQS, "", "l", one, nil), policy.MissingParameter, "The request must contain the parameter Actions."},
		{add(policy.SQS, "", "a b", one, send), policy.InvalidParameterValue, "Value a b for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."},
	} {
		var e *policy.Error
		if !errors.As(c.err, &e) || e.Text != c.want || e.Kind != c.kind {
			t.Errorf("%v, want %s", c.err, c.want)
		}
	}
	full := have
	for i := range 19 {
		var err error
		if full, err = policy.SQS.AddPermission(full, queue, fmt.Sprint("n", i), one, send); err != nil {
			t.Fatal(i, err)
		}
	}
	if add(policy.SQS, full, "n20", one, send) == nil {
		t.Error("a queue's policy has 21 statements")
	}
}

// FuzzPolicy: nothing panics; what was accepted is JSON, an added Deny of
// everything wins, and removing what was added gives the old statements back.
func FuzzPolicy(f *testing.F) {
	text := ""
	for _, line := range lines(f, "decide.txt") {
		if rest, ok := strings.CutPrefix(line, "policy "); ok {
			text = rest[4:]
			continue
		}
		_, rest, _ := strings.Cut(line, " ")
		f.Add(text, rest)
	}
	for _, line := range lines(f, "invalid.txt") {
		text, _, _ := strings.Cut(line[4:], " | ")
		f.Add(text, "- sqs:SendMessage q a=b")
	}
	f.Fuzz(func(t *testing.T, text, req string) {
		if f := strings.Fields(req); len(f) < 3 || strings.HasPrefix(f[0], "arn:") && strings.Count(f[0], ":") < 4 {
			req = "- sqs:SendMessage q aws:username=*"
		}
		r := request(req)
		for _, s := range services {
			d, err := s.Parse(text)
			if err != nil || d == nil {
				continue
			}
			if !json.Valid([]byte(text)) {
				t.Fatalf("accepted, but no JSON: %q", text)
			}
			d.Decide(r)
			action := map[bool]string{true: "SendMessage", false: "Publish"}[s == policy.SQS]
			added, err := s.AddPermission(text, queue, "fuzz-label", []string{"123456789012"}, []string{action})
			if err != nil {
				continue // over a limit, or the label is there
			}
			removed, err := s.RemovePermission(added, "fuzz-label")
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Parse(removed)
			if err != nil || again.Decide(r) != d.Decide(r) {
				t.Errorf("%s became %s: %v", text, removed, err)
			}
			denied := strings.Replace(removed, `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","NotAction":"`+prefixOf(s)+`:Receive"},`, 1)
			if dd, err := s.Parse(denied); err == nil && !strings.EqualFold(r.Action, prefixOf(s)+":Receive") && dd.Decide(r) != policy.Deny {
				t.Errorf("%s does not deny", denied)
			}
		}
	})
}

func prefixOf(s *policy.Service) string {
	return map[bool]string{true: "sqs", false: "sns"}[s == policy.SQS]
}

func BenchmarkDecide(b *testing.B) {
	d, err := policy.SQS.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queue + `","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:111122223333:t"}}},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)
	if err != nil {
		b.Fatal(err)
	}
	r := request("sns.amazonaws.com sqs:SendMessage " + queue + " aws:sourcearn=arn:aws:sns:us-east-1:111122223333:t aws:securetransport=true")
	b.ReportAllocs()
	for b.Loop() {
		if d.Decide(r) != policy.Allow {
			b.Fatal()
		}
	}
}
