package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/slipwaymq/slipway/config"
)

// healthcheckCommand asks the admin door that the configuration tells of, on
// this machine. The container image has no other program that could.
func healthcheckCommand(ctx context.Context, c call) error {
	fs := c.flags("healthcheck", "[flags]")
	file := fs.String("config", c.getenv("SLIPWAY_CONFIG"), "read admin.listen from `FILE`")
	address := fs.String("addr", "", "ask `HOST:PORT` instead")
	secure := fs.Bool("tls", false, "ask --addr with TLS; whose certificate it is is not looked at")
	timeout := fs.Duration("timeout", 3*time.Second, "wait for the answer at most this `LONG`")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	if *address == "" {
		cfg, err := config.Load(config.Sources{File: *file, Env: c.env})
		if err != nil {
			return configError(fmt.Errorf("the configuration is wrong:\n%w", err))
		}
		switch {
		case len(cfg.Admin.Listen) > 0:
			*address = cfg.Admin.Listen[0]
		case len(cfg.Admin.TLSListen) > 0:
			*address, *secure = cfg.Admin.TLSListen[0], true
		default:
			return configError(errors.New("healthcheck: admin.listen is empty, so there is nobody to ask"))
		}
	}
	scheme := "http://"
	if *secure {
		scheme = "https://"
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	return healthy(ctx, scheme+net.JoinHostPort(reachable(*address))+"/healthz")
}

func healthy(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usageError(fmt.Errorf("healthcheck: %w", err))
	}
	// No proxy: the broker is on this machine. For the same reason, and since no
	// secret is sent, its certificate may be for another name.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 512))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s: %s", answer.Status, text)
	}
	return nil
}
