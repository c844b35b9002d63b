package match

// Match reports whether the filter contains the path. It does not allocate
// and costs at most levels of filter times levels of path.
func (f Filter) Match(path string) bool {
	filter, rest := levelsOf(f.enc), levelsOf(path)
	if Reserved(path) && !spelledOut(&filter, rest.next()) {
		return false
	}
	return glob(filter, rest)
}

// spelledOut takes a path's first level, one that begins with `$`, off the
// filter: only a literal stands for it, after any number of empty `#`.
func spelledOut(filter *levels, first string) bool {
	for filter.more {
		switch token := filter.next(); token {
		case many:
		case one:
			return false
		default:
			return unquote(token) == first
		}
	}
	return false
}

// glob matches what is left of a filter with what is left of a path. Only the
// last `#` that was passed is ever tried again, one level longer: whatever an
// earlier one could reach by growing, that one can reach too.
func glob(filter, path levels) bool {
	var retry, from levels
	passed := false
	for {
		switch f, p := filter, path; {
		case !f.more && !p.more:
			return true
		case f.more:
			token := f.next()
			if token == many {
				filter, retry, from, passed = f, f, path, true
				if !f.more {
					return true
				}
				continue
			}
			if p.more {
				if level := p.next(); token == one || unquote(token) == level {
					filter, path = f, p
					continue
				}
			}
		}
		if !passed || !from.more {
			return false
		}
		from.next()
		filter, path = retry, from
	}
}
