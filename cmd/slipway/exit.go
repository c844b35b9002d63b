package main

import (
	"errors"
	"fmt"
	"net"
)

// Exit codes; doc.go explains them.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitConfig  = 3
	exitDataDir = 4
	exitListen  = 5
)

// exitError is an error that says with which code the process ends.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

func usageError(err error) error   { return &exitError{exitUsage, err} }
func configError(err error) error  { return &exitError{exitConfig, err} }
func dataDirError(err error) error { return &exitError{exitDataDir, err} }
func listenError(err error) error  { return &exitError{exitListen, err} }

// exitCode is that of the first exitError in err, else of a failure while
// running.
func exitCode(err error) int {
	var e *exitError
	if errors.As(err, &e) {
		return e.code
	}
	return exitFailed
}

// listen opens a TCP listener; its error ends the process with exitListen.
func listen(door, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, listenError(fmt.Errorf("%s: %w", door, err))
	}
	return l, nil
}
