package aws

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// A recorded error is one row of testdata/errors.tsv.
type recorded struct {
	service, code, compatible, fault, status, message string
	requests                                          []string
}

// absent are the reasons for which a row may be no case, parts of SNS that Slipway
// does not have above all, and how many rows that is.
var absent = map[string]int{"- SMS": 11, "- mobile push": 15, "- what earns it is not known": 1}

// TestRecordedErrors: every error that was recorded from AWS is given for what
// earns it, to the letter.
func TestRecordedErrors(t *testing.T) {
	address := daemon.Start(t, daemon.Options{}).AWS
	ref := newReference(t, "http://"+address)
	out, cases := map[string]int{}, 0
	for i, r := range readRecorded(t) {
		if strings.HasPrefix(r.requests[0], "- ") {
			out[r.requests[0]]++
			continue
		}
		cases++
		t.Run(fmt.Sprintf("%d %s %s", i+1, r.service, r.code), func(t *testing.T) {
			f := fixtures{T: t, ref: ref, prefix: fmt.Sprintf("row%d-", i), made: map[string]string{}}
			var got complaint
			for _, request := range r.requests {
				got = f.send("http://"+address, request, got.body)
			}
			got.compare(t, &r)
		})
	}
	for why, n := range out {
		if absent[why] != n {
			t.Errorf("%d rows are no case: %q", n, why)
		}
	}
	if cases < 160 {
		t.Errorf("only %d cases", cases)
	}
}

func readRecorded(t *testing.T) (all []recorded) {
	t.Helper()
	text, err := os.ReadFile("testdata/errors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 7 {
			t.Fatalf("%d columns: %s", len(f), line)
		}
		all = append(all, recorded{f[0], f[1], f[2], f[3], f[4], f[5], strings.Split(f[6], " ;; ")})
	}
	return all
}

// fixtures are what the requests of a row name.
type fixtures struct {
	*testing.T
	ref    *reference
	prefix string
	made   map[string]string // placeholder -> what it stands for
}

var (
	placeholder = regexp.MustCompile(`\{([A-Za-z]+)\}`)
	letters     = regexp.MustCompile(`a\{(\d+)\}`)
)

// send sends one request, with its placeholders filled in: from the answer before,
// or what is made for them.
func (f *fixtures) send(endpoint, request, before string) complaint {
	f.Helper()
	request = letters.ReplaceAllStringFunc(request, func(m string) string {
		n, _ := strconv.Atoi(letters.FindStringSubmatch(m)[1])
		return strings.Repeat("a", n)
	})
	request = placeholder.ReplaceAllStringFunc(request, func(m string) string {
		if v := member(before, strings.Trim(m, "{}")); v != "" {
			if strings.HasPrefix(request, "Action=") {
				return url.QueryEscape(v)
			}
			return v
		}
		return f.fixture(m)
	})
	kind, target := "application/x-www-form-urlencoded", ""
	if action, body, ok := strings.Cut(request, " {"); ok && !strings.Contains(action, "=") {
		kind, target, request = "application/x-amz-json-1.0", "AmazonSQS."+action, "{"+body
	} else if strings.Contains(request, "QueueUrl") || strings.Contains(request, "Action=CreateQueue") {
		request += "&Version=2012-11-05"
	} else {
		request += "&Version=2010-03-31"
	}
	r, err := http.NewRequestWithContext(f.Context(), http.MethodPost, endpoint+"/", strings.NewReader(request))
	if err != nil {
		f.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		f.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		f.Fatal(err)
	}
	return complaintOf(res, string(body), target != "")
}

// member is one of a JSON or XML body, wherever it stands; "" if there is none.
func member(body, name string) string {
	if _, rest, ok := strings.Cut(body, `"`+name+`":"`); ok {
		v, _, _ := strings.Cut(rest, `"`)
		return v
	}
	return element(body, name)
}

func element(body, name string) string {
	_, rest, _ := strings.Cut(body, "<"+name+">")
	v, _, ok := strings.Cut(rest, "</"+name+">")
	if !ok {
		return ""
	}
	return html.UnescapeString(v)
}

// fixture makes what a placeholder stands for, once for each row; what is none
// stays as it is.
func (f *fixtures) fixture(m string) string {
	f.Helper()
	if v, ok := f.made[m]; ok {
		return v
	}
	v := m
	switch m {
	case "{q}":
		v = f.queue("q")
	case "{Q}":
		v = f.arn(f.fixture("{q}"))
	case "{f}":
		v = f.queue("q.fifo", "FifoQueue", "true")
	case "{small}":
		v = f.queue("small", "MaximumMessageSize", "1024")
	case "{d}":
		v = f.queue("d")
		f.queue("source", "RedrivePolicy", `{"deadLetterTargetArn":"`+f.arn(v)+`","maxReceiveCount":"1"}`)
	case "{D}":
		v = f.arn(f.fixture("{d}"))
	case "{T}":
		v = f.topic("topic")
	case "{F}":
		v = f.topic("topic.fifo", "FifoTopic", "true")
	case "{A}":
		v = f.topic("archived.fifo", "FifoTopic", "true", "ArchivePolicy", `{"MessageRetentionPeriod":"1"}`)
	case "{S}":
		v = f.subscription("{T}", "{q}")
	case "{FS}":
		v = f.subscription("{F}", "{f}")
	case "{TaskHandle}":
		v = base64.StdEncoding.EncodeToString([]byte(`{"taskId":"00000000-0000-4000-8000-000000000000","sourceArn":"` + f.fixture("{D}") + `"}`))
	}
	f.made[m] = v
	return v
}

func (f *fixtures) queue(name string, attributes ...string) string {
	f.Helper()
	out, err := f.ref.sqs.CreateQueue(f.Context(), &sqs.CreateQueueInput{QueueName: sdk.String(f.prefix + name), Attributes: attributeMap(attributes)})
	if err != nil {
		f.Fatal(err)
	}
	return *out.QueueUrl
}

func (f *fixtures) arn(queueURL string) string {
	return "arn:aws:sqs:us-east-1:000000000000:" + queueURL[strings.LastIndexByte(queueURL, '/')+1:]
}

func (f *fixtures) topic(name string, attributes ...string) string {
	f.Helper()
	out, err := f.ref.sns.CreateTopic(f.Context(), &sns.CreateTopicInput{Name: sdk.String(f.prefix + name), Attributes: attributeMap(attributes)})
	if err != nil {
		f.Fatal(err)
	}
	return *out.TopicArn
}

func (f *fixtures) subscription(topic, queue string) string {
	f.Helper()
	out, err := f.ref.sns.Subscribe(f.Context(), &sns.SubscribeInput{TopicArn: sdk.String(f.fixture(topic)), Protocol: sdk.String("sqs"),
		Endpoint: sdk.String(f.arn(f.fixture(queue)))})
	if err != nil {
		f.Fatal(err)
	}
	return *out.SubscriptionArn
}

func attributeMap(list []string) map[string]string {
	m := map[string]string{}
	for p := range slices.Chunk(list, 2) {
		m[p[0]] = p[1]
	}
	return m
}

// A complaint is what was answered, in either form.
type complaint struct {
	body                             string
	status                           int
	code, compatible, fault, message string
}

func complaintOf(res *http.Response, body string, asJSON bool) complaint {
	a := complaint{body: body, status: res.StatusCode}
	if !asJSON {
		a.code, a.fault, a.message = element(body, "Code"), element(body, "Type"), element(body, "Message")
		return a
	}
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal([]byte(body), &e) // what is no error has neither
	_, a.compatible, _ = strings.Cut(e.Type, "#")
	a.code, a.fault, _ = strings.Cut(res.Header.Get("X-Amzn-Query-Error"), ";")
	a.message = e.Message
	return a
}

func (a complaint) compare(t *testing.T, r *recorded) {
	t.Helper()
	if r.service == "sqs-batch" { // of an entry, in an answer that is none
		a.fault = strings.Title(element(a.body, "SenderFault")) //nolint:staticcheck // one word
	}
	status := strconv.Itoa(a.status)
	if r.status == "None" { // it was not recorded
		status = r.status
	}
	compatible := r.compatible
	if a.compatible == "" {
		compatible = ""
	}
	if a.code != r.code || a.compatible != compatible || a.fault != r.fault || status != r.status || !r.pattern().MatchString(a.message) {
		t.Errorf("%s %s %s %s %q\nwant %s %s %s %s %q\nin %.2000s", a.code, a.compatible, a.fault, status, a.message,
			r.code, r.compatible, r.fault, r.status, r.message, a.body)
	}
}

// pattern is what the message has to be: `<...>` stands for anything, `aaa...` for
// many letters, and a recording has a blank before a line break or not.
func (r *recorded) pattern() *regexp.Regexp {
	p := regexp.QuoteMeta(strings.ReplaceAll(r.message, `\n`, "\n"))
	p = regexp.MustCompile(`<[a-z:0-9-]+>`).ReplaceAllString(p, `.+`)
	p = strings.ReplaceAll(p, `aaa\.\.\.`, `a{80,}(\.\.\.)?`)
	return regexp.MustCompile("^" + regexp.MustCompile(` *\n`).ReplaceAllString(p, " ?\n") + "$")
}
