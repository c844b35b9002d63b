//go:build !unix

package diskstore

import "os"

// Without flock the lock of pebble inside db/ is the only one.
func flock(*os.File, bool) error { return nil }

func isLocked(error) bool { return false }
