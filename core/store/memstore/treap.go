package memstore

import (
	"bytes"
	"hash/maphash"
)

// A node is the root of a subtree: a search tree by key and a heap by weight.
// Nodes of an earlier edit are immutable.
type node struct {
	key, val    []byte
	left, right *node
	weight      uint64
	size        int64 // bytes of keys and values in this subtree
	edit        edit  // the Apply that made it, which alone may change it
}

// An edit is one Apply's number.
type edit uint64

var seed = maphash.MakeSeed()

func (n *node) bytes() int64 {
	if n == nil {
		return 0
	}
	return n.size
}

func (n *node) find(key []byte) *node {
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n
		}
	}
	return nil
}

// mutable returns n itself if this edit made it, else a copy.
func (e edit) mutable(n *node) *node {
	if n.edit == e {
		return n
	}
	c := *n
	c.edit = e
	return &c
}

func (n *node) resize() *node {
	n.size = int64(len(n.key)+len(n.val)) + n.left.bytes() + n.right.bytes()
	return n
}

// set keeps key and val.
func (e edit) set(n *node, key, val []byte) *node {
	return e.insert(n, &node{key: key, val: val, weight: maphash.Bytes(seed, key), edit: e})
}

func (e edit) insert(n, add *node) *node {
	if n == nil {
		return add.resize()
	}
	c := bytes.Compare(add.key, n.key)
	if c == 0 {
		add.left, add.right = n.left, n.right
		return add.resize()
	}
	if add.weight > n.weight {
		// The key may be further down; a heap by a hash of the key never has
		// it below a lighter node.
		add.left, add.right = e.split(n, add.key)
		return add.resize()
	}
	n = e.mutable(n)
	if c < 0 {
		n.left = e.insert(n.left, add)
	} else {
		n.right = e.insert(n.right, add)
	}
	return n.resize()
}

// split divides n into the keys below key and the others.
func (e edit) split(n *node, key []byte) (left, right *node) {
	if n == nil {
		return nil, nil
	}
	n = e.mutable(n)
	if bytes.Compare(n.key, key) < 0 {
		n.right, right = e.split(n.right, key)
		return n.resize(), right
	}
	left, n.left = e.split(n.left, key)
	return left, n.resize()
}

// join is the inverse of split.
func (e edit) join(left, right *node) *node {
	switch {
	case left == nil:
		return right
	case right == nil:
		return left
	case left.weight > right.weight:
		left = e.mutable(left)
		left.right = e.join(left.right, right)
		return left.resize()
	}
	right = e.mutable(right)
	right.left = e.join(left, right.left)
	return right.resize()
}

func (e edit) delete(n *node, key []byte) *node {
	if n.find(key) == nil {
		return n
	}
	return e.remove(n, key)
}

func (e edit) remove(n *node, key []byte) *node {
	c := bytes.Compare(key, n.key)
	if c == 0 {
		return e.join(n.left, n.right)
	}
	n = e.mutable(n)
	if c < 0 {
		n.left = e.remove(n.left, key)
	} else {
		n.right = e.remove(n.right, key)
	}
	return n.resize()
}

// ascend calls f for the keys in [lo, hi) and reports whether to go on.
func (n *node) ascend(lo, hi []byte, f func(key, val []byte) bool) bool {
	if n == nil {
		return true
	}
	fromLo, belowHi := bytes.Compare(n.key, lo) >= 0, len(hi) == 0 || bytes.Compare(n.key, hi) < 0
	if fromLo && !n.left.ascend(lo, hi, f) {
		return false
	}
	if fromLo && belowHi && !f(n.key, n.val) {
		return false
	}
	return !belowHi || n.right.ascend(lo, hi, f)
}

func (n *node) descend(lo, hi []byte, f func(key, val []byte) bool) bool {
	if n == nil {
		return true
	}
	fromLo, belowHi := bytes.Compare(n.key, lo) >= 0, len(hi) == 0 || bytes.Compare(n.key, hi) < 0
	if belowHi && !n.right.descend(lo, hi, f) {
		return false
	}
	if fromLo && belowHi && !f(n.key, n.val) {
		return false
	}
	return !fromLo || n.left.descend(lo, hi, f)
}
