package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the module's version where Go knows it: in a binary that `go
// install` made from a released one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// revision is the commit that the binary was built from, if the build knew.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return ""
}

func versionCommand(_ context.Context, c call) error {
	if _, err := c.parse(c.flags("version", ""), 0); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "slipway %s%s (%s %s/%s)\n", version(), revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
