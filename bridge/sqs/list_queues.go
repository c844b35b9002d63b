package sqs

import (
	"context"
	"encoding/base64"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// ListQueues: by name as SQS spells it; hidden and exclusive queues, and those on
// which the caller has no permission, are not listed. Pages are given only when
// MaxResults is; without it the first 1,000.

const maxList = 1000

func (s *Service) listQueues(_ context.Context, c *awsapi.Call, in *sqsapi.ListQueuesInput) (*sqsapi.ListQueuesOutput, error) {
	ns, who, err := s.backend.For(c, "", "")
	if err != nil {
		return nil, refusal(err)
	}
	names := s.listed(ns, who, func(shown string, _ *core.Queue) bool { return strings.HasPrefix(shown, in.QueueNamePrefix.V) })
	urls, next, err := page(c, names, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &sqsapi.ListQueuesOutput{QueueUrls: urls, NextToken: next}, nil
}

// listed are the names, as SQS spells them and in order, of queues that are listed.
func (s *Service) listed(ns *core.Namespace, who *core.Principal, want func(shown string, q *core.Queue) bool) []string {
	var names []string
	for _, q := range ns.Queues("", false) {
		shown := s.backend.Names.Queue(ns, q.Name())
		if want(shown, q) && allowed(who, 0, q.Name()) && q.Options().Owner == "" {
			names = append(names, shown)
		}
	}
	slices.Sort(names)
	return names
}

// page cuts one page of URLs. The token is the last name of the page before.
func page(c *awsapi.Call, names []string, max wire.Int32, token wire.String) ([]string, wire.String, error) {
	limit := maxList
	if max.Ok {
		if max.V < 1 || max.V > maxList {
			return nil, wire.String{}, invalid(strconv.Itoa(int(max.V)), "MaxResults", "MaxResults must be an integer between 1 and 1000.")
		}
		limit = int(max.V)
	}
	if token.V != "" {
		last, err := base64.StdEncoding.DecodeString(token.V)
		if err != nil {
			return nil, wire.String{}, wire.InvalidParameterValue.New("Invalid or expired next token.")
		}
		names = names[sort.Search(len(names), func(i int) bool { return names[i] > string(last) }):]
	}
	var next wire.String
	if len(names) > limit {
		names = names[:limit]
		if max.Ok {
			next = wire.Some(base64.StdEncoding.EncodeToString([]byte(names[limit-1])))
		}
	}
	urls := make([]string, len(names))
	for i, name := range names {
		urls[i] = c.QueueURL(name)
	}
	return urls, next, nil
}
