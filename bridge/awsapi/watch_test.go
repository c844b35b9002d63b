package awsapi_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
)

// reads tells whether net/http reads on beside a handler.
func reads() bool {
	b := make([]byte, 1<<20)
	return strings.Contains(string(b[:runtime.Stack(b, true)]), "ackgroundRead") // startB... where it has not run yet
}

// echoing is a registry whose SendMessage looks at its ctx or not, as the message
// says, and answers with what it saw.
func echoing() *awsapi.Registry {
	reg := newRegistry()
	awsapi.Handle(reg, sqsapi.SendMessage, func(ctx context.Context, _ *awsapi.Call, in *sqsapi.SendMessageInput) (*sqsapi.SendMessageOutput, error) {
		switch in.MessageBody.V {
		case "ask":
			ctx.Done()
		case "panic":
			panic("a thing nobody thought of")
		case "refuse":
			return nil, sqsapi.OverLimit.New("no")
		}
		out := &sqsapi.SendMessageOutput{}
		out.MessageId.V, out.MessageId.Ok = fmt.Sprint(in.MessageBody.V, reads()), true
		return out, nil
	})
	return reg
}

func sendText(message string) string {
	body := `{"QueueUrl":"q","MessageBody":"` + message + `"}`
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

func answered(t *testing.T, r *bufio.Reader) (int, string) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestWatch: a handler that does not ask for its ctx's end has nobody read beside
// it, and the connection serves on whatever it does, over TLS too.
func TestWatch(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("tls=", secure), func(t *testing.T) {
			c := dialWatched(t, secure)
			r := bufio.NewReader(c)
			for range 3 {
				for _, s := range []struct {
					message, want string
					status        int
				}{
					{"quiet", `"quietfalse"`, 200}, {"ask", `"asktrue"`, 200}, {"refuse", "OverLimit", 403},
					{"panic", "InternalFailure", 500}, {"quiet", `"quietfalse"`, 200},
				} {
					if _, err := io.WriteString(c, sendText(s.message)); err != nil {
						t.Fatal(err)
					}
					if code, text := answered(t, r); code != s.status || !strings.Contains(text, s.want) {
						t.Errorf("%s: %d %s", s.message, code, text)
					}
				}
			}
		})
	}
}

func dialWatched(t *testing.T, secure bool) io.ReadWriter {
	t.Helper()
	if !secure {
		c, _ := raw(t, serve(t, config(echoing())).URL, "")
		return c
	}
	cfg := config(echoing())
	srv := httptest.NewUnstartedServer(nil)
	srv.StartTLS() // for its certificate
	cert := srv.TLS.Certificates
	srv.Close()
	plain := httptest.NewUnstartedServer(nil)
	plain.Config = awsapi.NewServer(awsapi.New(cfg), cfg.Log)
	plain.Listener = awsapi.Listener(tls.NewListener(plain.Listener, &tls.Config{Certificates: cert}))
	plain.Start()
	t.Cleanup(plain.Close)
	c, err := tls.Dial("tcp", plain.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestWatchPieces: bodies of every small length, whole, in two pieces, and with the
// next request behind them, all arrive as they were sent.
func TestWatchPieces(t *testing.T) {
	c, r := raw(t, serve(t, config(echoing())).URL, "")
	for n := range 40 {
		text := sendText(strings.Repeat("x", n))
		for _, cut := range []int{0, 1, 2, len(text) - len(head), len(text) - len(head) + 3} {
			for _, part := range []string{text[:len(text)-cut], text[len(text)-cut:]} {
				if _, err := io.WriteString(c, part); err != nil {
					t.Fatal(err)
				}
			}
			if code, got := answered(t, r); n > 0 && (code != 200 || !strings.Contains(got, `"`+strings.Repeat("x", n))) {
				t.Fatalf("%d in pieces, the last of %d: %d %s", n, cut, code, got)
			}
		}
	}
	_, r = raw(t, serve(t, config(echoing())).URL, strings.Repeat(sendText("twice"), 2)+sendText("quiet"))
	for _, want := range []string{"twice", "twice", "quiet"} {
		if code, got := answered(t, r); code != 200 || !strings.Contains(got, want) {
			t.Errorf("pipelined: %d %s", code, got)
		}
	}
}
