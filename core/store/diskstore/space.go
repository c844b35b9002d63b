package diskstore

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A space watches the disk. Its goroutine belongs to the Store: started by
// Open, stopped by Close.
type space struct {
	low  atomic.Bool
	free atomic.Uint64

	mu      sync.Mutex // guards the ballast: the prober and pebble's goroutines
	ballast uint64     // bytes held now
	without bool       // it could not be laid: not tried again every probe

	quit, done chan struct{} // nil when not probing
}

// Room implements core.Store.
func (s *Store) Room() bool { return !s.space.low.Load() }

func (s *Store) startProbing() {
	if err := s.probe(); err != nil {
		s.opts.Logger.Error("free space is unknown: no watermark", "err", err)
	}
	s.runs.stale.Store(true)
	if s.opts.ProbeEvery < 0 {
		return
	}
	s.space.quit, s.space.done = make(chan struct{}), make(chan struct{})
	go s.keepProbing()
}

// keepProbing also makes the SYNCED file durable now and then, and so decides
// how much of the check after a power cut is left.
func (s *Store) keepProbing() {
	defer close(s.space.done)
	tick := time.NewTicker(s.opts.ProbeEvery)
	defer tick.Stop()
	said := false
	for {
		select {
		case <-s.space.quit:
			return
		case <-tick.C:
		}
		err := s.probe()
		if err != nil && !said {
			s.opts.Logger.Error("free space is unknown: keeping the last answer", "err", err)
		}
		said = err != nil
		if err := s.synced.sync(); err != nil {
			_ = s.fail(err)
			return
		}
	}
}

func (sp *space) stop() {
	if sp.quit != nil {
		close(sp.quit)
		<-sp.done
		sp.quit = nil
	}
}

func (sp *space) now() (free, ballast uint64) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.free.Load(), sp.ballast
}

// probe measures, moves the watermark's flag and tends the ballast. It also looks
// where tables end, a compaction of little else than what was deleted needs little
// space, and whether the log is too large.
func (s *Store) probe() error {
	s.watchLog()
	if s.runs.stale.Load() {
		if err := s.findRuns(); err != nil {
			s.opts.Logger.Error("what tables there are is unknown", "err", err)
		}
	}
	free, err := s.measure()
	if err != nil {
		return err
	}
	low := free < uint64(s.opts.MinFree)
	if s.space.low.Swap(low) != low {
		if low {
			s.opts.Logger.Warn("disk space is low: no new messages", "free", free, "min_free", s.opts.MinFree)
		} else {
			s.opts.Logger.Info("disk space is back", "free", free)
		}
	}
	switch {
	case free < uint64(s.opts.MinFree)/4:
		s.dropBallast()
	case s.opts.Ballast > 0 && free >= uint64(s.opts.MinFree)+uint64(s.opts.Ballast):
		s.layBallast()
	}
	return nil
}

func (s *Store) measure() (uint64, error) {
	u, err := s.opts.FS.GetDiskUsage(s.dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		u.AvailBytes, err = math.MaxUint64, nil
	}
	if err != nil {
		return 0, err
	}
	s.space.free.Store(u.AvailBytes)
	return u.AvailBytes, nil
}

// backgroundError hears of a flush or compaction that failed. One for want of
// space is tried again by pebble, which makes sense once if there is ballast
// to give; any other failed write is the end.
func (s *Store) backgroundError(err error) {
	if vfs.IsNoSpaceError(err) && s.dropBallast() {
		s.opts.Logger.Error("the disk is full: compaction goes on with the ballast's space", "err", err)
		return
	}
	_ = s.fail(fmt.Errorf("in the background: %w", err))
}

func (s *Store) ballastPath() string { return s.opts.FS.PathJoin(s.dir, ballastFile) }

// findBallast takes over what an earlier process left.
func (s *Store) findBallast() {
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	_ = s.opts.FS.Remove(s.ballastPath() + tmpSuffix)
	if _, err := s.opts.FS.Stat(s.ballastPath()); err == nil {
		s.space.ballast = uint64(max(s.opts.Ballast, 0))
	}
}

// dropBallast gives the reserve back and reports whether there was one.
func (s *Store) dropBallast() bool {
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	if s.space.ballast == 0 {
		return false
	}
	if err := s.opts.FS.Remove(s.ballastPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.opts.Logger.Error("giving back the ballast", "err", err)
		return false
	}
	s.opts.Logger.Warn("disk space is critical: ballast given back", "bytes", s.space.ballast)
	s.space.ballast = 0
	return true
}

// layBallast sets the reserve aside. Failing to is no failure of the store.
func (s *Store) layBallast() {
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	if s.space.ballast > 0 || s.space.without {
		return
	}
	if err := writeBallast(s.opts.FS, s.ballastPath(), s.opts.Ballast); err != nil {
		s.opts.Logger.Warn("no ballast", "err", err)
		s.space.without = true
		return
	}
	s.space.ballast = uint64(s.opts.Ballast)
}

func writeBallast(fs vfs.FS, path string, size int64) error {
	tmp := path + tmpSuffix
	f, err := fs.Create(tmp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = f.Preallocate(0, size)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fs.Remove(tmp))
	}
	return fs.Rename(tmp, path)
}
