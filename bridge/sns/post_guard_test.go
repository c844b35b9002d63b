package sns

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
)

// Where an endpoint is, is looked at when its name has been resolved: a name that
// leads to this machine, however it is written, is refused as its address is, for
// good and before anything was sent; and reached where that is configured.
func TestGuardBehindNames(t *testing.T) {
	var asked atomic.Int64
	here := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer here.Close()
	_, port, err := net.SplitHostPort(here.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	away := httptest.NewServer(http.RedirectHandler(here.URL, http.StatusTemporaryRedirect)) // an endpoint that sends us to another
	defer away.Close()
	shut, open := newPoster(&Endpoints{}), newPoster(&Endpoints{Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	defer shut.client.CloseIdleConnections()
	defer open.client.CloseIdleConnections()
	send := func(p *poster, host string) *undelivered {
		return p.send(t.Context(), &post{endpoint: "http://" + net.JoinHostPort(host, port) + "/", body: "x", contentType: "text/plain"})
	}
	for _, host := range []string{"localhost", "LOCALHOST", "127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1"} {
		if f := send(shut, host); f == nil || !f.permanent {
			t.Errorf("%s: %+v", host, f)
		}
	}
	for _, host := range []string{"127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0"} { // no addresses to us, whatever they are to others
		if f := send(shut, host); f == nil {
			t.Errorf("%s was reached", host)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Fatalf("the guard let %d through", n)
	}
	if f := send(open, "localhost"); f != nil || asked.Load() != 1 {
		t.Errorf("localhost, configured: %v", f)
	}
	f := open.send(t.Context(), &post{endpoint: away.URL, body: "x", contentType: "text/plain"})
	if f == nil || asked.Load() != 1 {
		t.Errorf("a redirect was followed: %v", f)
	}
	t.Setenv("HTTP_PROXY", here.URL)
	if f := send(newPoster(&Endpoints{}), "localhost"); f == nil || asked.Load() != 1 {
		t.Errorf("by a proxy: %v", f)
	}
}
