package core

// takers is all that a queue keeps for who takes from it. Most queues are idle,
// and these share nobody.
type takers struct {
	consumers []*Consumer         // highest priority first
	active    *Consumer           // the one that counts where only one does
	sole      *Consumer           // a consumer that gets everything; nil: there is none
	passive   map[*Consumer]bool  // those that take with Get
	turn      int                 // round robin
	pulls     pullQueue           // waiting receives
	skippers  map[int]*reader     // pull cursors by their size limit
	fair      fairness            // tenants that pulls pass over
	attempts  map[string]*attempt // ReceiveRequestAttemptId
	pulled    holder              // all pull leases
	wants     *wants              // nil: nothing; what the loader is asked for
	lag       *lag                // nil: nobody ever waited for the queue
}

// nobody is read through any queue's lock and written never: who would change
// it says forTakers first.
var nobody = &takers{}

// forTakers is the queue's own takers, to be changed. Lock held.
func (q *Queue) forTakers() *takers {
	if q.takers == nobody {
		q.takers = &takers{}
	}
	return q.takers
}
