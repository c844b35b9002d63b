package main

import "github.com/slipwaymq/slipway/config"

// users finds who somebody is. It is immutable.
type users map[string]config.User

func newUsers(all []config.User) users {
	byName := make(users, len(all))
	for _, u := range all {
		byName[u.Name] = u
	}
	return byName
}

// nobody is the hash of no password anyone has; comparing with it takes as
// long for an unknown name as for a known one.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$c2xpcHdheS1ub2JvZHkh$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// login returns the user of that name if the password is right.
func (us users) login(name string, password []byte) (config.User, bool) {
	u, known := us[name]
	hash := u.PasswordHash
	if hash == "" {
		hash = nobody
	}
	right := verifyPassword(hash, password)
	if !known || u.PasswordHash == "" || !right {
		return config.User{}, false
	}
	return u, true
}
