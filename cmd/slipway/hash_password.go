package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
)

const maxPassword = 1024 // bytes

// hashPasswordCommand hashes the first line of standard input. The password
// is no argument, since arguments can be seen by every user of a machine.
func hashPasswordCommand(_ context.Context, c call) error {
	fs := c.flags("hash-password", "[--scram] < FILE")
	scram := fs.Bool("scram", false, "print a SCRAM-SHA-256 verifier instead, for users[].scram_sha256")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	prompt(c)
	text, err := bufio.NewReader(io.LimitReader(c.in, maxPassword+3)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("hash-password: %w", err)
	}
	password := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(password) == 0 {
		return usageError(errors.New("hash-password: standard input holds no password"))
	}
	if len(password) > maxPassword {
		return usageError(fmt.Errorf("hash-password: the password is longer than %d bytes", maxPassword))
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	if *scram {
		v, err := scramVerifier(string(password), salt)
		if err != nil {
			return fmt.Errorf("hash-password: %w", err)
		}
		fmt.Fprintln(c.out, v)
		return nil
	}
	fmt.Fprintln(c.out, hashPassword(password, salt))
	return nil
}

// prompt says at a terminal what is waited for.
func prompt(c call) {
	file, ok := c.in.(*os.File)
	if !ok {
		return
	}
	if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(c.err, "The password, which the terminal shows: ")
	}
}
