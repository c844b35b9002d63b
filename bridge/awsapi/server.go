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
	MaxHeaderBytes = 32 << 10
)

// NewServer is an http.Server for an edge. Headers must come within HeaderTimeout,
// which a client that drips them does not meet; bodies have a deadline of their
// own in the edge. There is no read or write timeout over the whole of a request:
// a long poll waits twenty seconds for its reply.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: HeaderTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
