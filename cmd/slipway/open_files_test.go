package main

import (
	"os"
	"runtime"
	"testing"
)

func TestOpenFiles(t *testing.T) {
	if runtime.GOOS != "linux" {
		if used, most := openFiles(); used != 0 || most != 0 {
			t.Fatal(used, most)
		}
		return
	}
	before, most := openFiles()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if after, _ := openFiles(); before < 3 || after <= before || most < after {
		t.Errorf("%d files before one is opened, %d after, at most %d", before, after, most)
	}
}
