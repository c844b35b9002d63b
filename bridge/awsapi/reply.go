package awsapi

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

const (
	typeJSON = "application/x-amz-json-1.0"
	typeXML  = "text/xml"
)

// buffers are what replies are built in; each owned by one turn at a time.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// keepBuffer is the largest buffer that is kept for the next reply.
const keepBuffer = 64 << 10

// reply answers a call in the form it came in.
func (t *turn) reply(a *action, out wire.Output) {
	buf := buffers.Get().(*[]byte)
	b := (*buf)[:0]
	kind := typeXML
	if t.call.Protocol == JSON {
		w := wire.JSONWriter{B: b}
		out.(wire.JSONOutput).AppendJSON(&w)
		b, kind = w.B, typeJSON
	} else {
		b = t.appendXML(b, a, out)
	}
	t.send(http.StatusOK, kind, b)
	if cap(b) <= keepBuffer {
		*buf = b
		buffers.Put(buf)
	}
}

// appendXML writes <ActionResponse><ActionResult>...</ActionResult> and the metadata.
func (t *turn) appendXML(b []byte, a *action, out wire.Output) []byte {
	w := wire.XMLWriter{B: append(b, `<?xml version="1.0"?>`+"\n<"...)}
	w.B = append(w.B, a.name...)
	w.B = append(w.B, `Response xmlns="`...)
	w.B = append(w.B, a.service.XMLNamespace...)
	w.B = append(w.B, `">`...)
	if a.result != "" {
		w.Open(a.result)
		out.AppendXML(&w)
		w.Close(a.result)
	}
	w.Open("ResponseMetadata")
	w.Text("RequestId", t.call.RequestID)
	w.Close("ResponseMetadata")
	w.Close(a.name + "Response")
	return append(w.B, '\n')
}

// replyError answers an error in the request's form.
func (t *turn) replyError(e *Error) {
	switch {
	case e == errNoAction && t.r.Method == http.MethodGet && len(t.r.URL.Path) > 1:
		t.send(http.StatusNotFound, typeXML, []byte("<UnknownOperationException/>\n"))
	case t.call.Protocol == JSON:
		t.w.Header().Set("X-Amzn-Query-Error", e.Type.QueryCode+";"+e.Fault())
		t.send(e.Type.Status, typeJSON, appendJSONError(nil, e))
	default:
		t.send(e.Type.Status, typeXML, t.appendXMLError(nil, e))
	}
}

func appendJSONError(b []byte, e *Error) []byte {
	w := wire.JSONWriter{B: b}
	w.Begin('{')
	w.String("__type", wire.Some(e.Type.Namespace+"#"+e.Type.Code))
	w.String("message", wire.Some(e.Message))
	w.End('}')
	return w.B
}

// appendXMLError writes an ErrorResponse; <Detail/> is SQS's.
func (t *turn) appendXMLError(b []byte, e *Error) []byte {
	w := wire.XMLWriter{B: append(b, `<?xml version="1.0"?>`+"\n<ErrorResponse"...)}
	s := t.call.Service
	if s != nil {
		w.B = append(w.B, ` xmlns="`+s.XMLNamespace+`"`...)
	}
	w.B = append(w.B, '>')
	w.Open("Error")
	w.Text("Type", e.Fault())
	w.Text("Code", e.Type.QueryCode)
	w.Text("Message", e.QueryText())
	if s != nil && s.QueryDetail {
		w.Empty("Detail")
	}
	w.Close("Error")
	w.Text("RequestId", t.call.RequestID)
	w.Close("ErrorResponse")
	return append(w.B, '\n')
}

// send writes the reply. A client that does not take it within the body's timeout
// loses its connection; there is no other write timeout, for long polls' sake.
func (t *turn) send(status int, kind string, body []byte) {
	t.done = true
	_ = t.control().SetWriteDeadline(time.Now().Add(t.edge.cfg.BodyTimeout)) // unsupported by test recorders only
	h := t.w.Header()
	values := [...]string{t.call.RequestID, kind, strconv.Itoa(len(body))}
	h["X-Amzn-Requestid"] = values[0:1:1]
	h["Content-Type"] = values[1:2:2]
	h["Content-Length"] = values[2:3:3]
	if t.unread {
		h["Connection"] = []string{"close"}
	}
	if t.kept.Load() {
		_ = t.control().EnableFullDuplex() // or the last byte is read first
	}
	t.w.WriteHeader(status)
	if t.r.Method == http.MethodHead {
		return
	}
	_, _ = t.w.Write(body) // the client is gone: nothing to tell anyone
}
