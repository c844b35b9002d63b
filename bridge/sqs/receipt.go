package sqs

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// A receipt handle is the base64 of
//
//	version 1 | incarnation 8 | sequence 8 | lane 1 | lease 4 | checksum 4
//
// The incarnation is unique to one life of one queue, so that a handle names its
// queue too. The checksum, over all before it and the queue's name, tells a handle
// that is malformed or another queue's from one that is only stale. It is no
// secret: what a receipt may do is decided by the permission on its queue.
const (
	receiptVersion = 1
	receiptLength  = 26
)

// maxHandle bounds what an error repeats of a handle.
const maxHandle = 1024

func receiptHandle(q string, r core.Receipt) string {
	b := make([]byte, 0, receiptLength)
	b = append(b, receiptVersion)
	b = binary.BigEndian.AppendUint64(b, r.Incarnation)
	b = binary.BigEndian.AppendUint64(b, r.Seq)
	b = append(b, r.Lane)
	b = binary.BigEndian.AppendUint32(b, r.Lease)
	b = binary.BigEndian.AppendUint32(b, receiptSum(q, b))
	return base64.StdEncoding.EncodeToString(b)
}

func receiptSum(q string, b []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(b), crc32.IEEETable, []byte(q))
}

// parseReceipt reads a handle of the queue named q.
func parseReceipt(q, handle string) (core.Receipt, error) {
	var b [receiptLength + 1]byte
	if len(handle) != base64.StdEncoding.EncodedLen(receiptLength) {
		return core.Receipt{}, badHandle(handle)
	}
	n, err := base64.StdEncoding.Strict().Decode(b[:], []byte(handle))
	body := b[:receiptLength-4]
	if err != nil || n != receiptLength || b[0] != receiptVersion || binary.BigEndian.Uint32(b[receiptLength-4:]) != receiptSum(q, body) {
		return core.Receipt{}, badHandle(handle)
	}
	return core.Receipt{
		Incarnation: binary.BigEndian.Uint64(b[1:]),
		Seq:         binary.BigEndian.Uint64(b[9:]),
		Lane:        b[17],
		Lease:       binary.BigEndian.Uint32(b[18:]),
	}, nil
}

func badHandle(handle string) *wire.Error {
	return sqsapi.ReceiptHandleIsInvalid.Newf("The input receipt handle \"%s\" is not a valid receipt handle.", clip(handle))
}

func clip(s string) string {
	if len(s) > maxHandle {
		return s[:maxHandle] + "..."
	}
	return s
}
