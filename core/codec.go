package core

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"
)

// codecVersion is the first byte of a stored message. After it come the
// presence bits (uvarint), the 16 bytes of the ID, the fields whose bit is set
// in the order of the bits, and the body up to the end. Lengths and counts are
// uvarints, signed numbers zigzag. The fixed golden files are
// testdata/codec/v1-*.hex.
//
// To change the format:
//   - A new optional field takes the next free bit and is written after all
//     the others, just before the body. The version stays: what is stored
//     remains readable, and an older binary refuses what has the new bit.
//   - The numbers of ValueKind, AddressKind and DeathReason are stored: new
//     ones go to the end, none is ever given a second meaning.
//   - Anything else is a new version: raise codecVersion, keep the old
//     decoder under its number in decodeMessage, and only ever write the new.
//   - Either way add a golden file; those of a released version are never
//     edited, and must decode for as long as the version is read.
//   - messageSize is part of it: sizes are stored with the entries.
const codecVersion = 1

// The presence bits. The common ones come first, to keep the bitmap short.
const (
	codecText = 1 << iota
	codecDurable
	codecPriority
	codecHeaders
	codecOrigin
	codecSource
	codecTime0 // codecTimes: four bits
	_
	_
	_
	codecReplyTo
	codecCorrelation
	codecString0 // codecStrings: nine bits

	codecKeys  = codecString0 << 9
	codecAgain = codecKeys << 1
	codecCron  = codecAgain << 1
	codecKnown = codecCron<<1 - 1
)

// codecTimes and codecStrings are the fields behind consecutive bits. Their
// order is part of the format.
func codecTimes(m *Message) [4]*int64 {
	return [...]*int64{&m.PublishedAt, &m.CreatedAt, &m.ExpiresAt, &m.DeliverAt}
}

func codecStrings(m *Message) [9]*string {
	return [...]*string{&m.ContentType, &m.MessageID, &m.Type, &m.GroupID, &m.DedupID,
		&m.Encoding, &m.Trace, &m.UserID, &m.AppID}
}

// appendMessage appends the stored form of m without its Deaths, which belong
// to the queue entry. m has passed codecCheck.
func appendMessage(dst []byte, m *Message) []byte {
	dst = slices.Grow(dst, messageSize(m)+64)
	return append(appendMessageHead(dst, m), m.Body...)
}

// appendMessageHead appends the stored form up to the body.
func appendMessageHead(dst []byte, m *Message) []byte {
	bits := codecPresence(m)
	dst = append(dst, codecVersion)
	dst = binary.AppendUvarint(dst, bits)
	dst = append(dst, m.ID[:]...)
	if bits&codecPriority != 0 {
		dst = append(dst, m.Priority)
	}
	if bits&codecHeaders != 0 {
		dst = codecAppendHeaders(dst, m.Headers)
	}
	if bits&codecOrigin != 0 {
		dst = codecAppendBytes(dst, m.Origin.Protocol)
		dst = codecAppendBytes(dst, m.Origin.Data)
	}
	if bits&codecSource != 0 {
		dst = codecAppendAddress(dst, m.Source)
	}
	for _, t := range codecTimes(m) {
		if *t != 0 {
			dst = binary.AppendVarint(dst, *t)
		}
	}
	if bits&codecReplyTo != 0 {
		dst = codecAppendAddress(dst, m.ReplyTo)
	}
	if bits&codecCorrelation != 0 {
		dst = codecAppendBytes(dst, m.Correlation)
	}
	for _, s := range codecStrings(m) {
		if *s != "" {
			dst = codecAppendBytes(dst, *s)
		}
	}
	if bits&codecKeys != 0 {
		dst = codecAppendStrings(dst, m.Keys)
	}
	if bits&codecAgain != 0 {
		dst = binary.AppendVarint(binary.AppendVarint(dst, m.Every), m.Again)
	}
	if bits&codecCron != 0 {
		dst = binary.AppendVarint(codecAppendBytes(dst, m.Cron), m.CronDelay)
	}
	return dst
}

func codecAppendStrings(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = codecAppendBytes(dst, s)
	}
	return dst
}

func codecPresence(m *Message) uint64 {
	var bits uint64
	set := func(present bool, bit uint64) {
		if present {
			bits |= bit
		}
	}
	set(m.Text, codecText)
	set(m.Durable, codecDurable)
	set(m.HasPriority(), codecPriority)
	set(len(m.Headers) > 0, codecHeaders)
	set(m.Origin.Protocol != "" || len(m.Origin.Data) > 0, codecOrigin)
	set(m.Source != Address{}, codecSource)
	for i, t := range codecTimes(m) {
		set(*t != 0, codecTime0<<i)
	}
	set(m.ReplyTo != Address{}, codecReplyTo)
	set(len(m.Correlation) > 0, codecCorrelation)
	for i, s := range codecStrings(m) {
		set(*s != "", codecString0<<i)
	}
	set(len(m.Keys) > 0, codecKeys)
	set(m.Every != 0 || m.Again != 0, codecAgain)
	set(m.Cron != "" || m.CronDelay != 0, codecCron)
	return bits
}

// decodeMessage reads what appendMessage wrote. It takes b over: the message's
// strings and slices alias it, so nobody may write to b afterwards (clone what
// the store only lends). What was empty comes back as nil.
func decodeMessage(b []byte) (*Message, error) {
	r := codecReader{b: b, values: min(len(b), codecMaxValues)}
	if v := r.byte(); r.err == nil && v != codecVersion {
		return nil, errf(Internal, "stored message has format %d, this binary reads %d", v, codecVersion)
	}
	bits := r.uvarint()
	if bits&^uint64(codecKnown) != 0 {
		r.fail("unknown field")
	}
	m := &Message{Text: bits&codecText != 0, Durable: bits&codecDurable != 0, owned: true}
	copy(m.ID[:], r.take(uint64(len(m.ID))))
	if bits&codecPriority != 0 {
		m.SetPriority(r.byte())
	}
	if bits&codecHeaders != 0 {
		m.Headers = r.headers(0)
	}
	if bits&codecOrigin != 0 {
		m.Origin = Origin{Protocol: r.string(), Data: r.bytes()}
	}
	if bits&codecSource != 0 {
		m.Source = r.address()
	}
	for i, t := range codecTimes(m) {
		if bits&(codecTime0<<i) != 0 {
			*t = r.varint()
		}
	}
	if bits&codecReplyTo != 0 {
		m.ReplyTo = r.address()
	}
	if bits&codecCorrelation != 0 {
		m.Correlation = r.bytes()
	}
	for i, s := range codecStrings(m) {
		if bits&(codecString0<<i) != 0 {
			*s = r.string()
		}
	}
	if bits&codecKeys != 0 {
		m.Keys = r.strings()
	}
	if bits&codecAgain != 0 {
		m.Every, m.Again = r.varint(), r.varint()
	}
	if bits&codecCron != 0 {
		m.Cron, m.CronDelay = r.string(), r.varint()
	}
	m.Body = r.take(uint64(len(r.b)))
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// deathMore, in the byte of the reason, says that Keys and TTL follow.
const deathMore = 0x80

// appendDeaths appends a dead-letter trail. It has no version of its own: that
// of the queue entry around it counts.
func appendDeaths(dst []byte, d []Death) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(d)))
	for i := range d {
		dst = codecAppendBytes(dst, d[i].Queue)
		more := len(d[i].Keys) > 0 || d[i].TTL != nil
		why := byte(d[i].Reason)
		if more {
			why |= deathMore
		}
		dst = append(dst, why)
		dst = binary.AppendVarint(dst, d[i].Count)
		dst = binary.AppendVarint(dst, d[i].Time)
		dst = codecAppendAddress(dst, d[i].Source)
		if more {
			dst = codecAppendStrings(dst, d[i].Keys)
			dst = codecAppendTTL(dst, d[i].TTL)
		}
	}
	return dst
}

// codecAppendTTL writes one more than the milliseconds, 0 for none.
func codecAppendTTL(dst []byte, ttl *int64) []byte {
	if ttl == nil {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(max(0, *ttl))+1)
}

// decodeDeaths reads what appendDeaths wrote and returns what follows it. Like
// decodeMessage it takes b over.
func decodeDeaths(b []byte) (d []Death, rest []byte, err error) {
	const shortest = 6                     // bytes of a Death: two lengths, reason, count, time, address kind
	r := codecReader{b: b, values: len(b)} // keys too, of a byte each
	if n := r.count(shortest); n > 0 {
		d = make([]Death, n)
	}
	for i := range d {
		d[i].Queue = r.string()
		why := r.byte()
		d[i].Reason = DeathReason(why &^ deathMore)
		if d[i].Reason > DeliveryLimit {
			r.fail("unknown death reason")
		}
		d[i].Count, d[i].Time = r.varint(), r.varint()
		d[i].Source = r.address()
		if why&deathMore != 0 {
			d[i].Keys = r.strings()
			if ttl := int64(r.uvarint()) - 1; ttl >= 0 {
				d[i].TTL = &ttl
			}
		}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	return d, r.b, nil
}

// messageSize is what m is charged for wherever room is short, and what a pull's
// limit is compared with: its body, headers, strings and origin; not its Deaths,
// so it is the same in every queue. The fixed cost of a Message in memory is not
// in it. It must not change within a format version.
func messageSize(m *Message) int {
	n := len(m.Body) + len(m.Correlation) + len(m.Origin.Protocol) + len(m.Origin.Data) +
		len(m.Source.Name) + len(m.Source.Key) + len(m.ReplyTo.Name) + len(m.ReplyTo.Key)
	for _, k := range m.Keys {
		n += len(k)
	}
	for _, s := range codecStrings(m) {
		n += len(*s)
	}
	return n + codecHeadersSize(m.Headers)
}

// own makes a body that was borrowed from a read buffer ours, once. Only the
// publishing goroutine calls it, before anyone else can see m.
func (m *Message) own() {
	if !m.owned {
		m.Body = bytes.Clone(m.Body)
		m.owned = true
	}
}

// codecAlias is b as a string without a copy. b is never written to again:
// decodeMessage and decodeDeaths own what they are given, and a Message is
// immutable.
func codecAlias(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
