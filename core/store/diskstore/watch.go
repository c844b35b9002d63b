package diskstore

// largeProbes is how many probes in a row, a minute of them, find the log too large
// before an operator hears of it.
const largeProbes = 240

// watchLog tells the operator of a log that stays twice as large as it may usually
// be. Who reads without end would do that: parts of the log stay until all have ended
// who read when those were moved. Nothing in the core reads so long.
func (s *Store) watchLog() {
	most := int64(memTables+2+s.opts.Kept) * s.opts.MemTable
	size := s.log.Bytes()
	if size <= 2*most {
		s.large = 0
		return
	}
	if s.large++; s.large == largeProbes {
		s.opts.Logger.Warn("the group log stays large, as it does while something reads the store for long",
			"bytes", size, "usually_at_most", most, "readers", s.readers.count())
	}
}
