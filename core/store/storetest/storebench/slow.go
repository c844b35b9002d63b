package main

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// slowFS is a disk whose syncs take longer by a fixed time: its files wait
// after each, so that what the store does between syncs weighs as it would
// there.
type slowFS struct {
	vfs.FS
	delay time.Duration
}

func slowed(fs vfs.FS, delay time.Duration) vfs.FS {
	if delay <= 0 {
		return fs
	}
	return slowFS{fs, delay}
}

// wait is not a sleep of a test: it is the disk.
func wait(d time.Duration) { <-time.After(d) }

type slowFile struct {
	vfs.File
	delay time.Duration
}

func (f slowFile) Sync() error {
	err := f.File.Sync()
	wait(f.delay)
	return err
}

func (f slowFile) SyncData() error {
	err := f.File.SyncData()
	wait(f.delay)
	return err
}

func (s slowFS) wrap(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return slowFile{f, s.delay}, nil
}

func (s slowFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return s.wrap(s.FS.Create(name, c))
}

func (s slowFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return s.wrap(s.FS.OpenReadWrite(name, c, o...))
}

func (s slowFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return s.wrap(s.FS.ReuseForWrite(oldname, newname, c))
}

// Unwrap lets pebble find what is below.
func (s slowFS) Unwrap() vfs.FS { return s.FS }
