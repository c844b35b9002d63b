package admin

import (
	"io"
	"net/http"
)

// front names what is here, to who opens the port in a browser. It tells no more
// than the documentation does.
func front(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, frontText) // a client that has gone away is nobody to tell
}

const frontText = `This is Slipway's door for operators. It has no web pages.

/healthz       is the process alive
/readyz        are new messages taken
/metrics       Prometheus
/v1/overview   also /v1/queues /v1/topics /v1/sessions /v1/connections
/api/          RabbitMQ's management API; rabbitmqadmin works with it

All but the first two may ask for a user's name and password.
`
