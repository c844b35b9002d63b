package awsapi

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of NewServer.
const (
	HeaderTimeout  = 10 * time.Second
	IdleTimeout    = 120 * time.Second
	MaxHeaderBytes = 8 << 10 // and 4 KiB of slop: a presigned URL and a session token fit
)

// NewServer is an http.Server for an edge. Headers must come within HeaderTimeout,
// which a client that drips them does not meet; bodies have a deadline of their
// own in the edge. There is no read or write timeout over the whole of a request:
// a long poll waits twenty seconds for its reply. Serve it a Listener, or header
// lines are not counted.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           counted(h),
		ConnContext:       withConn,
		ReadHeaderTimeout: HeaderTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,
		// OPTIONS * would be answered without a look at the handler, which counts.
		DisableGeneralOptionsHandler: true,

		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
