package core

import "hash/maphash"

// sticky gives message groups to push consumers (JMSXGroupID as ActiveMQ takes
// it): the first that gets a message of a group gets all of them until it
// leaves. Groups are told apart by hash, so that any number of them costs the
// same. Guarded by the queue's lock.
type sticky struct {
	owners *groupOwners // replaced, never changed: the loader reads it without the lock
}

// groupOwners is who has the groups of each hash.
type groupOwners [1024]*Consumer

var groupSeed = maphash.MakeSeed()

func groupSlot(group string) int {
	return int(maphash.String(groupSeed, group) % uint64(len(groupOwners{})))
}

// others says whether the group is somebody else's.
func (o *groupOwners) others(group string, c *Consumer) bool {
	if group == "" {
		return false
	}
	owner := o[groupSlot(group)]
	return owner != nil && owner != c
}

func (s *sticky) join(c *Consumer) { c.reader.owner, c.reader.groups = c, s.owners }

// assign makes c the owner of what it was just given, unless somebody is.
func (s *sticky) assign(group string, c *Consumer) {
	if group == "" || s.owners != nil && s.owners[groupSlot(group)] != nil {
		return
	}
	next := &groupOwners{}
	if s.owners != nil {
		*next = *s.owners
	}
	next[groupSlot(group)] = c
	s.set(next, c.q)
}

// leave frees the groups of a consumer that is gone. The cursors of the others
// start again: what they passed over may be theirs now.
func (s *sticky) leave(c *Consumer) {
	if s.owners == nil {
		return
	}
	next, freed := *s.owners, false
	for i, owner := range next {
		if owner == c {
			next[i], freed = nil, true
		}
	}
	if !freed {
		return
	}
	s.set(&next, c.q)
	for _, c := range c.q.consumers {
		c.reader.restart()
	}
}

func (s *sticky) set(next *groupOwners, q *Queue) {
	s.owners = next
	for _, c := range q.consumers {
		c.reader.groups = next
	}
}
