package rabbit

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

// What RabbitMQ 3.10.8 answered to the same definitions. Beyond these it takes times
// of over 100 years, and has an error inside for an ha-mode or a max-age that is none.
func TestPolicySettings(t *testing.T) {
	a := newAPI(t)
	a.do(201, "PUT", "policies/%2F/p", `{"pattern":"x","definition":{"ha-mode":"all"}}`)
	for _, s := range []struct {
		definition string
		status     int
		want       string
	}{
		{`{"ha-mode":"all"}`, 204, ``},
		{`{"ha-mode":"all","ha-sync-mode":"automatic","ha-promote-on-shutdown":"always","ha-promote-on-failure":"when-synced","ha-sync-batch-size":5}`, 204, ``},
		{`{"ha-mode":"exactly","ha-params":2}`, 204, ``},
		{`{"ha-mode":"nodes","ha-params":["a@b"]}`, 204, ``},
		{`{"ha-mode":"exactly"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"exactly\" takes an integer, none given\n"}`},
		{`{"ha-mode":"exactly","ha-params":0}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"exactly\" takes an integer, 0 given\n"}`},
		{`{"ha-mode":"exactly","ha-params":"2"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"exactly\" takes an integer, &lt;&lt;\"2\"&gt;&gt; given\n"}`},
		{`{"ha-mode":"all","ha-params":2}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"all\" does not take parameters\n"}`},
		{`{"ha-mode":"nodes","ha-params":[]}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"nodes\" list must be non-empty\n"}`},
		{`{"ha-mode":"nodes"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"nodes\" takes a list, none given\n"}`},
		{`{"ha-mode":"nodes","ha-params":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"nodes\" takes a list, &lt;&lt;\"x\"&gt;&gt; given\n"}`},
		{`{"ha-mode":"nodes","ha-params":["a",5]}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode=\"nodes\" takes a list of strings, [5] was not a string\n"}`},
		{`{"ha-mode":"none"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"none\"&gt;&gt; is not a valid ha-mode value\n"}`},
		{`{"ha-mode":"foo"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"foo\"&gt;&gt; is not a valid ha-mode value\n"}`},
		{`{"ha-mode":"foo","ha-params":1}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"foo\"&gt;&gt; is not a valid ha-mode value\n"}`},
		{`{"ha-params":2}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown\n"}`},
		{`{"ha-sync-mode":"automatic"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown\n"}`},
		{`{"ha-sync-batch-size":2}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown\n"}`},
		{`{"ha-mode":"all","ha-sync-mode":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-sync-mode must be \"manual\" or \"automatic\", got &lt;&lt;\"x\"&gt;&gt;\n"}`},
		{`{"ha-mode":"all","ha-sync-batch-size":0}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-sync-batch-size takes an integer greater than 0, 0 given\n"}`},
		{`{"ha-mode":"all","ha-sync-batch-size":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-sync-batch-size takes an integer greater than 0, &lt;&lt;\"x\"&gt;&gt; given\n"}`},
		{`{"ha-mode":"all","ha-promote-on-shutdown":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-promote-on-shutdown must be \"always\" or \"when-synced\", got &lt;&lt;\"x\"&gt;&gt;\n"}`},
		{`{"ha-mode":"all","ha-promote-on-failure":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nha-promote-on-failure must be \"always\" or \"when-synced\", got &lt;&lt;\"x\"&gt;&gt;\n"}`},
		{`{"queue-mode":"lazy"}`, 204, ``},
		{`{"queue-mode":"default"}`, 204, ``},
		{`{"queue-mode":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid queue-mode value\n"}`},
		{`{"queue-version":1}`, 204, ``},
		{`{"queue-version":2}`, 204, ``},
		{`{"queue-version":3}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n3 is not a valid queue-version value\n"}`},
		{`{"queue-version":"2"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"2\"&gt;&gt; is not a valid queue-version value\n"}`},
		{`{"queue-master-locator":"min-masters"}`, 204, ``},
		{`{"queue-master-locator":"client-local"}`, 204, ``},
		{`{"queue-master-locator":"random"}`, 204, ``},
		{`{"queue-master-locator":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; invalid queue-master-locator value\n"}`},
		{`{"queue-leader-locator":"client-local"}`, 204, ``},
		{`{"queue-leader-locator":"balanced"}`, 204, ``},
		{`{"queue-leader-locator":"random"}`, 204, ``},
		{`{"queue-leader-locator":"least-leaders"}`, 204, ``},
		{`{"queue-leader-locator":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid queue leader locator value\n"}`},
		{`{"initial-cluster-size":3}`, 204, ``},
		{`{"initial-cluster-size":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid cluster size\n"}`},
		{`{"initial-cluster-size":-1}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n-1 is not a valid cluster size\n"}`},
		{`{"initial-cluster-size":0}`, 204, ``},
		{`{"max-in-memory-length":3}`, 204, ``},
		{`{"max-in-memory-length":-1}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n-1 is not a valid maximum memory in bytes\n"}`},
		{`{"max-in-memory-bytes":3}`, 204, ``},
		{`{"max-in-memory-bytes":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid maximum memory in bytes\n"}`},
		{`{"max-age":"1D"}`, 204, ``},
		{`{"max-segment-size":5}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n[{&lt;&lt;\"max-segment-size\"&gt;&gt;,5}] are not recognised policy settings\n"}`},
		{`{"stream-max-segment-size-bytes":5}`, 204, ``},
		{`{"stream-max-segment-size-bytes":-5}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n-5 is not a valid segment size\n"}`},
		{`{"stream-max-segment-size-bytes":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid segment size\n"}`},
		{`{"dead-letter-strategy":"at-least-once"}`, 204, ``},
		{`{"dead-letter-strategy":"at-most-once"}`, 204, ``},
		{`{"dead-letter-strategy":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid dead letter strategy\n"}`},
		{`{"federation-upstream-set":"all"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n[{&lt;&lt;\"federation-upstream-set\"&gt;&gt;,&lt;&lt;\"all\"&gt;&gt;}] are not recognised policy settings\n"}`},
		{`{"federation-upstream":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n[{&lt;&lt;\"federation-upstream\"&gt;&gt;,&lt;&lt;\"x\"&gt;&gt;}] are not recognised policy settings\n"}`},
		{`{"foo":1}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n[{&lt;&lt;\"foo\"&gt;&gt;,1}] are not recognised policy settings\n"}`},
		{`{"foo":1,"bar":2}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n[{&lt;&lt;\"bar\"&gt;&gt;,2},{&lt;&lt;\"foo\"&gt;&gt;,1}] are not recognised policy settings\n"}`},
		{`{"message-ttl":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid message TTL\n"}`},
		{`{"message-ttl":-1}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n-1 is not a valid message TTL\n"}`},
		{`{"message-ttl":1.5}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n1.5 is not a valid message TTL\n"}`},
		{`{"expires":0}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n0 is not a valid queue expiry\n"}`},
		{`{"max-length":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid maximum length\n"}`},
		{`{"max-length-bytes":-3}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n-3 is not a valid maximum length in bytes\n"}`},
		{`{"overflow":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid overflow value\n"}`},
		{`{"delivery-limit":"x"}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n&lt;&lt;\"x\"&gt;&gt; is not a valid delivery limit\n"}`},
		{`{"dead-letter-exchange":5}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n5 is not a valid dead letter exchange name\n"}`},
		{`{"dead-letter-routing-key":5}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n5 is not a valid dead letter routing key\n"}`},
		{`{"alternate-exchange":5}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n5 is not a valid alternate exchange name\n"}`},
		{`{"alternate-exchange":null}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nnull is not a valid alternate exchange name\n"}`},
		{`{"alternate-exchange":{"a":[1,true,"é"]}}`, 400, `{"error":"bad_request","reason":"Validation failed\n\n#{&lt;&lt;\"a\"&gt;&gt; =&gt; [1,true,&lt;&lt;\"é\"&gt;&gt;]} is not a valid alternate exchange name\n"}`},
		{`{}`, 400, `{"error":"bad_request","reason":"Validation failed\n\nno policy provided\n"}`},
	} {
		r := httptest.NewRequest("PUT", "/api/policies/%2F/p", strings.NewReader(`{"pattern":"x","definition":`+s.definition+`}`))
		w := httptest.NewRecorder()
		a.h.ServeHTTP(w, r)
		got := strings.ReplaceAll(w.Body.String(), `\u0026`, "&")
		if w.Code != s.status || got != s.want {
			t.Errorf("%s\n got %d %s\nwant %d %s", s.definition, w.Code, got, s.status, s.want)
		}
		if s.status != 204 {
			continue
		}
		shown := get[struct{ Definition json.RawMessage }](a, "policies/%2F/p")
		if !sameJSON(t, string(shown.Definition), s.definition) {
			t.Errorf("%s is shown as %s", s.definition, shown.Definition)
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	x, y := decode[map[string]any](t, a), decode[map[string]any](t, b)
	return mustJSON(x) == mustJSON(y)
}

func mustJSON(v any) string { text, _ := json.Marshal(v); return string(text) }
