package awsapi_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// golden reads one file of testdata/golden: operation -> body.
func golden(t testing.TB, name string) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/golden/" + name)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for block := range strings.SplitSeq("\n"+string(b), "\n-- ") {
		if op, body, ok := strings.Cut(block, "\n"); ok {
			out[op] = strings.TrimSpace(body)
		}
	}
	return out
}

// TestGoldenRequests decodes what the SDK sends for every operation.
func TestGoldenRequests(t *testing.T) {
	delete(special, "OneTimePassword")
	defer func() { special["OneTimePassword"] = "123456" }()
	special["LanguageCode"] = "en-US"
	defer delete(special, "LanguageCode")
	for _, op := range operations {
		t.Run(op.service.Name+"/"+op.name, func(t *testing.T) {
			body, ok := golden(t, op.service.SigningName+".requests")[op.name]
			if !ok {
				t.Fatal("no golden request")
			}
			got, want := op.newIn(), op.newIn()
			fill(want)
			decodeGolden(t, op.service, got, body)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("decoded\n%+v\nwant\n%+v", got, want)
			}
		})
	}
}

func decodeGolden(t *testing.T, s *wire.Service, in wire.Input, body string) {
	t.Helper()
	if s.TargetPrefix != "" {
		r := wire.NewJSONReader(body)
		in.(wire.JSONInput).DecodeJSON(&r)
		if err := r.End(); err != nil {
			t.Fatal(err)
		}
		return
	}
	q, err := wire.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	in.DecodeQuery(q, "")
	if err := q.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestGoldenResponses encodes what the SDK accepts, where the SDK's module has it.
func TestGoldenResponses(t *testing.T) {
	bodies := golden(t, "sqs.responses")
	seen := 0
	for _, op := range operations {
		body, ok := bodies[op.name]
		if op.service.Name != "SQS" || !ok {
			continue
		}
		seen++
		out := op.newOut()
		fill(out)
		w := wire.JSONWriter{}
		out.(wire.JSONOutput).AppendJSON(&w)
		var got, want any
		if err := json.Unmarshal(w.B, &got); err != nil {
			t.Fatalf("%s: %v in %s", op.name, err, w.B)
		}
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: encoded\n%s\nwant\n%s", op.name, w.B, body)
		}
	}
	if seen < 20 {
		t.Errorf("only %d golden responses were compared", seen)
	}
}
