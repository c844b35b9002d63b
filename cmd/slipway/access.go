package main

import (
	"crypto/rand"
	"fmt"

	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// newAccess gives the configured users to the core.
func newAccess(cfg config.Config) (*core.Access, error) {
	all, err := accessUsers(cfg)
	if err != nil {
		return nil, err
	}
	proofKey := make([]byte, 32)
	rand.Read(proofKey) // never fails
	return core.NewAccess(all, verifyPassword, proofKey)
}

func accessUsers(cfg config.Config) ([]core.AccessUser, error) {
	all := make([]core.AccessUser, 0, len(cfg.Users))
	for _, u := range cfg.Users {
		grants, err := newGrants(u.Permissions)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", u.Name, err)
		}
		keys := map[string]string{}
		for _, k := range u.AccessKeys {
			keys[k.ID] = k.Secret
		}
		user := core.AccessUser{
			Name: u.Name, Namespace: u.Namespace, PasswordHash: u.PasswordHash,
			AccessKeys: keys, Grants: grants, Tags: u.Tags,
		}
		if u.SCRAMSHA256 != "" {
			v, err := config.ParseSCRAM(u.SCRAMSHA256)
			if err != nil {
				return nil, fmt.Errorf("user %s: %w", u.Name, err)
			}
			user.SCRAM = &core.SCRAMVerifier{Iterations: v.Iterations, Salt: v.Salt, StoredKey: v.StoredKey, ServerKey: v.ServerKey}
		}
		all = append(all, user)
	}
	return all, nil
}

func newGrants(permissions []config.Permission) ([]core.Grant, error) {
	var all []core.Grant
	for _, p := range permissions {
		g := core.Grant{Queues: p.Queues}
		for _, name := range p.Allow {
			action, ok := core.ParseAction(name)
			if !ok {
				return nil, fmt.Errorf("there is no action %q", name)
			}
			g.Actions |= action
		}
		for _, topic := range p.Topics {
			f, err := match.ParseMQTT(topic)
			if err != nil {
				return nil, fmt.Errorf("topic %q: %w", topic, err)
			}
			g.Topics = append(g.Topics, f)
		}
		all = append(all, g)
	}
	return all, nil
}
