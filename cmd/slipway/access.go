package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"

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

// tellAccounts has the operator know of users that no file names: those that the
// management API made are in the data, and stay when users are configured.
func tellAccounts(a *core.Access, log *slog.Logger) {
	var names, administrators []string
	for _, account := range a.Accounts() {
		names = append(names, account.Name)
		if slices.Contains(account.Tags, "administrator") {
			administrators = append(administrators, account.Name)
		}
	}
	if len(names) > 0 {
		log.Info("users that the management API made log in beside those of the configuration", "count", len(names),
			"some", names[:min(len(names), 10)], "administrators", administrators[:min(len(administrators), 10)])
	}
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
