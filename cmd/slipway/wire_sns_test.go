package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi/notice"
)

// A key that cannot sign is an error of the start, not of the first notification.
func TestSigningIdentity(t *testing.T) {
	cfg := settings(t, "")
	in, err := start(cfg, quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if err := os.WriteFile(filepath.Join(cfg.DataDir, identityFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := start(cfg, quiet(), outside(t))
		if err == nil {
			t.Errorf("%q: it starts", text)
			_ = in.stop()
		} else if !strings.Contains(err.Error(), "signs notifications") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The identity that was made is the next process's too.
func TestSigningIdentityIsKept(t *testing.T) {
	cfg := settings(t, "")
	first, err := identity(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := identity(cfg)
	if err != nil || string(again.Certificate) != string(first.Certificate) || string(again.Key) != string(first.Key) {
		t.Errorf("%v: another identity", err)
	}
	if err := notice.NewSigner(func() (notice.Identity, error) { return again, nil }).Check(); err != nil {
		t.Error(err)
	}
}

// Whoever can subscribe must not reach this machine, unless he is on it.
func TestLoopbackEndpoints(t *testing.T) {
	for text, want := range map[string]bool{
		"":      true,
		signers: false,
		"aws: {private_endpoints: [127.0.0.0/8]}\n" + signers: true,
	} {
		in, err := start(settings(t, text), quiet(), outside(t))
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, p := range in.endpoints(nil, nil).Private {
			got = got || p.Contains(netip.MustParseAddr("127.0.0.1"))
		}
		if got != want {
			t.Errorf("%q: loopback is open: %v", text, got)
		}
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	}
}
