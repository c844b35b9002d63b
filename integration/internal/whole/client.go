package whole

import (
	"bytes"
	"io"
	"net/http"
)

// A Client is an http.Client that reads a request's body before it sends it.
type Client struct{ http.Client }

// Do implements aws.HTTPClient.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return c.Client.Do(r)
}
