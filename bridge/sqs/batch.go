package sqs

import (
	"errors"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// maxBatch is how many entries a batch may have.
const maxBatch = 10

// checkBatch checks the ids of a batch's entries; entry is their type's name.
func checkBatch(entry string, n int, id func(int) wire.String) error {
	switch {
	case n == 0:
		return sqsapi.EmptyBatchRequest.Newf("There should be at least one %s in the request.", entry)
	case n > maxBatch:
		return sqsapi.TooManyEntriesInBatchRequest.Newf("Maximum number of entries per request are %d. You have sent %d.", maxBatch, n)
	}
	seen := make(map[string]bool, n)
	for i := range n {
		v := id(i)
		switch {
		case !v.Ok:
			return missing(entry, i, "Id")
		case !isBatchID(v.V):
			return sqsapi.InvalidBatchEntryId.New("A batch entry id can only contain alphanumeric characters, hyphens and underscores. " +
				"It can be at most 80 letters long.")
		case seen[v.V]:
			return sqsapi.BatchEntryIdsNotDistinct.Newf("Id %s repeated.", v.V)
		}
		seen[v.V] = true
	}
	return nil
}

// isBatchID: the characters and length of a queue's name.
func isBatchID(s string) bool {
	return awsapi.IsQueueName(s) && !strings.Contains(s, ".")
}

func missing(entry string, i int, member string) error {
	return wire.MissingParameter.Newf("The request must contain the parameter %s.%s.%s.", entry, strconv.Itoa(i+1), member)
}

// failed is one entry's error in a batch's reply. What is nobody's fault but ours
// fails the whole call, so that the edge logs it.
func failed(id wire.String, err error) (sqsapi.BatchResultErrorEntry, error) {
	var e *awsapi.Error
	if !errors.As(err, &e) {
		return sqsapi.BatchResultErrorEntry{}, err
	}
	code := e.Type.QueryCode
	return sqsapi.BatchResultErrorEntry{
		Id: id, Code: wire.Some(code), Message: wire.Some(e.Message), SenderFault: wire.Some(!e.Type.Receiver),
	}, nil
}
