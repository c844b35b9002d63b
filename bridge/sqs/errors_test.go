package sqs_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var manyLetters = regexp.MustCompile(`X\{(\d+)\}`)

// TestErrors earns every error of testdata/errors.tsv in both forms of a request.
func TestErrors(t *testing.T) {
	s := serve(t)
	s.create("std", nil)
	s.create("small", map[string]string{"MaximumMessageSize": "1024"})
	s.create("closed", map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`})
	s.fifo("fifo")
	table := must(os.ReadFile("testdata/errors.tsv"))(t)
	rows := 0
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		action, kind, legacy, status, text := f[0], f[2], f[3], f[4], f[5]
		request := manyLetters.ReplaceAllStringFunc(f[1], func(m string) string {
			n, _ := strconv.Atoi(manyLetters.FindStringSubmatch(m)[1])
			return strings.Repeat("x", n)
		})
		t.Run(fmt.Sprint(rows, " ", action), func(t *testing.T) {
			got, header, body := s.post(map[string]string{"X-Amz-Target": "AmazonSQS." + action, "Content-Type": "application/x-amz-json-1.0"}, request)
			var e struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if text == "*" {
				text = e.Message
			}
			if fmt.Sprint(got) != status || !strings.HasSuffix(e.Type, "#"+kind) || e.Message != text || header.Get("X-Amzn-Query-Error") != legacy+";Sender" {
				t.Errorf("JSON: %d %s %q (%s)\nwant %s %s %q", got, e.Type, e.Message, header.Get("X-Amzn-Query-Error"), status, kind, text)
			}
			got, _, body = s.post(map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, form(t, action, request))
			if legacy == "AWS.SimpleQueueService.NonExistentQueue" {
				text = "The specified queue does not exist for this wsdl version."
			}
			if code, message := element(body, "Code"), element(body, "Message"); fmt.Sprint(got) != status || code != legacy || message != text {
				t.Errorf("Query: %d %s %q", got, code, message)
			}
		})
	}
	if rows < 40 {
		t.Errorf("only %d rows", rows)
	}
}

func element(body, name string) string {
	_, rest, _ := strings.Cut(body, "<"+name+">")
	v, _, _ := strings.Cut(rest, "</"+name+">")
	return html.UnescapeString(v)
}

// flattened are the names of lists and maps in the Query form.
var flattened = map[string]string{
	"Attributes": "Attribute", "AttributeNames": "AttributeName", "MessageAttributes": "MessageAttribute", "TagKeys": "TagKey", "Tags": "Tag",
}

// form spells a JSON request as a Query request.
func form(t *testing.T, action, request string) string {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal([]byte(request), &in); err != nil {
		t.Fatal(err)
	}
	v := url.Values{"Action": {action}, "Version": {"2012-11-05"}}
	put(v, "", in, action)
	return v.Encode()
}

func put(v url.Values, at string, in any, action string) {
	switch x := in.(type) {
	case map[string]any:
		for k, e := range x {
			if name, ok := flattened[k]; ok {
				k = name
			} else if k == "Entries" {
				k = action + "RequestEntry"
			}
			if m, ok := e.(map[string]any); ok && (k == "Attribute" || k == "MessageAttribute") {
				i := 0
				for name, value := range m {
					i++
					v.Set(fmt.Sprintf("%s%s.%d.Name", at, k, i), name)
					if s, ok := value.(string); ok {
						v.Set(fmt.Sprintf("%s%s.%d.Value", at, k, i), s)
					} else {
						put(v, fmt.Sprintf("%s%s.%d.Value.", at, k, i), value, action)
					}
				}
				continue
			}
			put(v, at+k+".", e, action)
		}
	case []any:
		for i, e := range x {
			put(v, fmt.Sprintf("%s%d.", at, i+1), e, action)
		}
	default:
		v.Set(strings.TrimSuffix(at, "."), fmt.Sprint(x))
	}
}
