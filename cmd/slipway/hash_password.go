package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
)

const maxPassword = 1024 // bytes

// hashPasswordCommand hashes the first line of standard input. The password
// is no argument, since arguments can be seen by every user of a machine.
func hashPasswordCommand(_ context.Context, c call) error {
	if _, err := c.parse(c.flags("hash-password", "< FILE"), 0); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(c.in, maxPassword+3))
	if err != nil {
		return fmt.Errorf("hash-password: %w", err)
	}
	password, _, _ := bytes.Cut(text, []byte("\n"))
	password = bytes.TrimSuffix(password, []byte("\r"))
	if len(password) == 0 {
		return usageError(errors.New("hash-password: standard input holds no password"))
	}
	if len(password) > maxPassword {
		return usageError(fmt.Errorf("hash-password: the password is longer than %d bytes", maxPassword))
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	fmt.Fprintln(c.out, hashPassword(password, salt))
	return nil
}
