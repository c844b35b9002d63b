package main

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi/notice"
	"github.com/slipwaymq/slipway/bridge/sns"
	"github.com/slipwaymq/slipway/config"
)

// notifications is what signs SNS's notifications; nil: nothing does. An identity
// that is there is looked at now: without it endpoints would get nothing.
func (in *instance) notifications() (*notice.Signer, error) {
	if !in.cfg.AWS.SignNotifications {
		return nil, nil
	}
	s := notice.NewSigner(func() (notice.Identity, error) { return identity(in.cfg) })
	if in.cfg.AWS.SigningCertificate == "" {
		if _, err := os.Stat(filepath.Join(in.cfg.DataDir, identityFile)); in.cfg.Memory || errors.Is(err, fs.ErrNotExist) {
			return s, nil
		}
	}
	return s, s.Check()
}

// identityFile has certificate and key, one behind the other.
const identityFile = "sns-signing.pem"

// identity is the one that is configured, or kept beside the data, or a new one.
func identity(cfg config.Config) (id notice.Identity, err error) {
	if cfg.AWS.SigningCertificate != "" {
		if id.Certificate, err = os.ReadFile(cfg.AWS.SigningCertificate); err == nil {
			id.Key, err = os.ReadFile(cfg.AWS.SigningKey)
		}
		return id, err
	}
	if cfg.Memory {
		return notice.NewIdentity(rand.Reader, time.Now())
	}
	path := filepath.Join(cfg.DataDir, identityFile)
	both, err := os.ReadFile(path)
	if err == nil {
		block, key := pem.Decode(both)
		if block == nil {
			return id, fmt.Errorf("%s is damaged; without it a new one is made", path)
		}
		return notice.Identity{Certificate: pem.EncodeToMemory(block), Key: key}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if id, err = notice.NewIdentity(rand.Reader, time.Now()); err != nil {
		return id, err
	}
	return id, keep(path, bytes.Join([][]byte{id.Certificate, id.Key}, nil))
}

// keep writes a file that is whole or not there, also after a power cut.
func keep(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// endpoints is how SNS reaches its subscribers. Loopback is open where only this
// machine can subscribe: a door on loopback that knows users may be behind a proxy.
func (in *instance) endpoints(all []listener, signer *notice.Signer) sns.Endpoints {
	e := sns.Endpoints{Base: in.cfg.AWS.ExternalURL, Private: config.Networks(in.cfg.AWS.PrivateEndpoints), Signer: signer}
	local := !in.hasUsers()
	for _, ln := range all {
		local = local && config.Loopback(ln.Addr().String())
	}
	if local {
		e.Private = append(e.Private, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	}
	if e.Base == "" && len(all) > 0 {
		e.Base = "http://" + net.JoinHostPort(reachable(all[0].Addr().String()))
	}
	return e
}
