package config

import (
	"regexp"
	"slices"
	"strings"
)

// Actions are what a permission can allow.
var Actions = []string{"configure", "write", "read"}

func (ps *problems) users(c Config) {
	names, ids := map[string]string{}, map[string]string{}
	for i, u := range c.Users {
		path := at("users", i, "name")
		ps.name(path, u.Name)
		ps.unique(names, u.Name, path, "the name")
		ps.namespace(c, at("users", i, "namespace"), u.Namespace)
		if u.PasswordHash != "" {
			if err := CheckPasswordHash(u.PasswordHash); err != nil {
				ps.add(at("users", i, "password_hash"), "%v", err)
			}
		}
		if u.SCRAMSHA256 != "" {
			if _, err := ParseSCRAM(u.SCRAMSHA256); err != nil {
				ps.add(at("users", i, "scram_sha256"), "%v", err)
			}
		}
		if u.PasswordHash == "" && u.SCRAMSHA256 == "" && len(u.AccessKeys) == 0 && !c.clientCertificates() {
			ps.add(at("users", i, ""), "this user can never log in: give password_hash, scram_sha256 or access_keys, or have tls.client_auth ask for certificates")
		}
		for j, k := range u.AccessKeys {
			ps.accessKey(at(at("users", i, "access_keys"), j, ""), k, ids)
		}
		for j, tag := range u.Tags {
			if tag != "administrator" {
				ps.add(at(at("users", i, "tags"), j, ""), "%s is not administrator, the one tag there is", quote(tag))
			}
		}
		for j, p := range u.Permissions {
			ps.permission(at(at("users", i, "permissions"), j, ""), p)
		}
	}
}

var keyID = regexp.MustCompile(`^[A-Za-z0-9_]{3,128}$`)

func (ps *problems) accessKey(path string, k AccessKey, ids map[string]string) {
	if !keyID.MatchString(k.ID) {
		ps.add(path+".id", "the id%s is not 3 to 128 letters, digits and _", shownName(k.ID))
	}
	ps.unique(ids, k.ID, path+".id", "the id")
	if len(k.Secret) < 8 || len(k.Secret) > 128 {
		ps.add(path+".secret", "the secret is not 8 to 128 bytes long")
	}
}

func (ps *problems) permission(path string, p Permission) {
	if len(p.Allow) == 0 {
		ps.add(path+".allow", "nothing is allowed: write some of %s", strings.Join(Actions, ", "))
	}
	for i, action := range p.Allow {
		if !slices.Contains(Actions, action) {
			ps.add(at(path+".allow", i, ""), "%s is none of %s", quote(action), list(Actions))
		}
	}
	if len(p.Queues)+len(p.Topics) == 0 {
		ps.add(path, "it is for no address: give queues or topics, such as queues: [\"*\"] or topics: [\"#\"]")
	}
	for i, pattern := range p.Queues {
		if why := badName(pattern, maxName); why != "" {
			ps.add(at(path+".queues", i, ""), "the pattern%s %s", shownName(pattern), why)
		}
	}
	for i, filter := range p.Topics {
		if why := badGrant(filter); why != "" {
			ps.add(at(path+".topics", i, ""), "the filter%s %s", shownName(filter), why)
		}
	}
}
