package awsapi_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
)

// beginnings are what strangers may send and then hold a connection with.
func beginnings() map[string]string {
	var small, folded strings.Builder
	for i := range 8000 {
		fmt.Fprintf(&small, "%03x:\n", i)
		folded.WriteString(" \n")
	}
	const start = "POST / HTTP/1.1\r\nHost: localhost\r\n"
	form := start + "Content-Type: application/x-www-form-urlencoded\r\n"
	served := form + "Content-Length: 1\r\n\r\nx"
	return map[string]string{
		"small lines":           start + small.String()[:31_000],
		"few small lines":       start + small.String()[:4000],
		"folded lines":          start + "A: b\n" + folded.String(),
		"a long line":           start + "A: " + strings.Repeat("x", 11_000),
		"small lines, behind":   served + start + small.String()[:4000-len(served)-len(start)],
		"small lines, chunked":  form + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + start + small.String()[:3500],
		"small lines, blank":    served + "\r\n\r\n" + start + small.String()[:31_000],
		"small lines, asterisk": "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n" + start + small.String()[:3500],
		"a body announced":      form + "Content-Length: 900000\r\n\r\n",
	}
}

// TestStrangersMemory: what a connection makes the server keep before anything
// of it was verified.
func TestStrangersMemory(t *testing.T) {
	const conns, most = 200, 64 << 10
	reg, _, _ := everything()
	for name, text := range beginnings() {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, config(reg))
			before := heap()
			for range conns {
				c, err := net.Dial("tcp", srv.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				_, _ = io.WriteString(c, text) // the server may have had enough
			}
			peak := uint64(0)
			for range 20 { // what is accepted and read after the others shows that they were
				c, r := raw(t, srv.URL, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
				status(t, r)
				c.Close()
				peak = max(peak, heap())
			}
			if each := (int64(peak) - int64(before)) / conns; each > most {
				t.Errorf("%d bytes for each connection", each)
			} else {
				t.Logf("%d bytes for each connection", each)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// TestHeaderLines: requests that are kept, at the bound and over it, one after
// another on one connection, with bodies that have many lines of their own.
func TestHeaderLines(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = awsapi.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, len(b))
	}), config(nil).Log)
	srv.Listener = awsapi.Listener(srv.Listener)
	srv.Start()
	defer srv.Close()

	request := func(lines, body int) string {
		return "POST / HTTP/1.1\r\nHost: localhost\r\n" + fmt.Sprintf("Content-Length: %d\r\n", body) +
			strings.Repeat("A: b\r\n", lines-3) + "\r\n" + strings.Repeat("\n", body)
	}
	c, r := raw(t, srv.URL, "")
	for _, body := range []int{0, 1, 3000, 50_000} {
		for range 3 {
			if _, err := io.WriteString(c, request(awsapi.MaxHeaderLines, body)); err != nil {
				t.Fatal(err)
			}
			if code := status(t, r); code != http.StatusOK {
				t.Errorf("a body of %d: %d", body, code)
			}
		}
	}
	if _, err := io.WriteString(c, request(awsapi.MaxHeaderLines+1, 0)); err != nil {
		t.Fatal(err)
	}
	if res, err := http.ReadResponse(r, nil); err == nil {
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			t.Error("one line too many was taken")
		}
	}
	_, r = raw(t, srv.URL, request(3, 0)+request(3, 10))
	for range 2 { // pipelined
		if code := status(t, r); code != http.StatusOK {
			t.Errorf("pipelined: %d", code)
		}
	}
}

// TestSignedURLFits: a presigned URL with a session token, and the token again.
func TestSignedURLFits(t *testing.T) {
	reg, _, _ := everything()
	srv := serve(t, config(reg))
	_, r := raw(t, srv.URL, "GET /?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Signature="+strings.Repeat("a", 6000)+
		" HTTP/1.1\r\nHost: localhost\r\nX-Amz-Security-Token: "+strings.Repeat("b", 4000)+"\r\n\r\n")
	if code := status(t, r); code != http.StatusOK {
		t.Errorf("%d", code)
	}
}
