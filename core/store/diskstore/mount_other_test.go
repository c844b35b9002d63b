//go:build !linux

package diskstore

import "errors"

func mount(string, string) error { return errors.New("only on Linux") }

func unmount(string) error { return nil }
