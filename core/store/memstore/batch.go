package memstore

import (
	"bytes"
	"encoding/binary"

	"github.com/slipwaymq/slipway/core"
)

// A batch is a list of operations, applied when Apply comes to them.
type batch struct {
	ops []op
	len int
}

type op struct {
	kind     opKind
	key, val []byte // for deleteRange lo and hi
}

type opKind uint8

const (
	opSet opKind = iota
	opDelete
	opDeleteRange
	opRelease
)

// opOverhead is about what an operation costs in a log beside its bytes, so
// that Len means the same as with a store on disk.
const opOverhead = 3

// NewBatch implements core.Store.
func (s *Store) NewBatch() core.Batch { return &batch{} }

func (b *batch) Set(key, val []byte)              { b.add(opSet, key, val, nil) }
func (b *batch) SetJoined(key, head, tail []byte) { b.add(opSet, key, head, tail) }
func (b *batch) Delete(key []byte)                { b.add(opDelete, key, nil, nil) }
func (b *batch) DeleteRange(lo, hi []byte)        { b.add(opDeleteRange, lo, hi, nil) }
func (b *batch) Release(key []byte)               { b.add(opRelease, key, nil, nil) }
func (b *batch) Len() int                         { return b.len }
func (b *batch) Close()                           { b.ops, b.len = nil, 0 }

// add takes an operation whose second argument is val with tail behind it.
func (b *batch) add(kind opKind, key, val, tail []byte) {
	if kind != opDeleteRange && len(key) > 0 && key[0] == reserved {
		panic("memstore: keys that begin with 0xFF are the store's own")
	}
	buf := append(append(append(make([]byte, 0, len(key)+len(val)+len(tail)), key...), val...), tail...)
	b.ops = append(b.ops, op{kind, buf[:len(key):len(key)], buf[len(key):]})
	b.len += len(buf) + opOverhead
}

// reserved begins the keys of a store on disk; refused here as well, so that a
// core tested in memory does not fail there.
const reserved = 0xFF

func (o *op) applyTo(e edit, root *node) *node {
	switch o.kind {
	case opSet:
		return e.set(root, o.key, o.val)
	case opDelete:
		return e.delete(root, o.key)
	case opDeleteRange:
		return o.deleteRange(e, root)
	}
	return o.release(e, root)
}

func (o *op) deleteRange(e edit, root *node) *node {
	if len(o.val) > 0 && bytes.Compare(o.key, o.val) >= 0 {
		return root
	}
	left, rest := e.split(root, o.key)
	if len(o.val) == 0 {
		return left
	}
	_, right := e.split(rest, o.val)
	return e.join(left, right)
}

func (o *op) release(e edit, root *node) *node {
	n := root.find(o.key)
	if n == nil {
		return root
	}
	if len(n.val) < 4 || binary.BigEndian.Uint32(n.val) <= 1 {
		return e.delete(root, o.key)
	}
	val := bytes.Clone(n.val)
	binary.BigEndian.PutUint32(val, binary.BigEndian.Uint32(val)-1)
	return e.set(root, o.key, val)
}
