package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// pages goes through an operation's pages with the SDK's paginator and puts
// their lists together.
func pages(client any, r request) (map[string]any, error) {
	switch c := client.(type) {
	case *sqs.Client:
		switch r.Op {
		case "ListQueues":
			in := &sqs.ListQueuesInput{}
			return walk(r.In, in, func() paginator[sqs.Options, sqs.ListQueuesOutput] { return sqs.NewListQueuesPaginator(c, in) })
		case "ListDeadLetterSourceQueues":
			in := &sqs.ListDeadLetterSourceQueuesInput{}
			return walk(r.In, in, func() paginator[sqs.Options, sqs.ListDeadLetterSourceQueuesOutput] {
				return sqs.NewListDeadLetterSourceQueuesPaginator(c, in)
			})
		}
	case *sns.Client:
		switch r.Op {
		case "ListTopics":
			in := &sns.ListTopicsInput{}
			return walk(r.In, in, func() paginator[sns.Options, sns.ListTopicsOutput] { return sns.NewListTopicsPaginator(c, in) })
		case "ListSubscriptionsByTopic":
			in := &sns.ListSubscriptionsByTopicInput{}
			return walk(r.In, in, func() paginator[sns.Options, sns.ListSubscriptionsByTopicOutput] {
				return sns.NewListSubscriptionsByTopicPaginator(c, in)
			})
		}
	}
	return nil, fmt.Errorf("no pages of %s", r.Op)
}

// paginator is what all of the SDK's have; O are the service's options.
type paginator[O, Out any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*O)) (*Out, error)
}

func walk[O, Out any](text json.RawMessage, in any, start func() paginator[O, Out]) (map[string]any, error) {
	if err := decode(text, in); err != nil {
		return nil, err
	}
	all := map[string]any{}
	for p := start(); p.HasMorePages(); {
		out, err := p.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		page, err := members(out)
		if err != nil {
			return nil, err
		}
		for name, v := range page {
			if list, ok := v.([]any); ok {
				before, _ := all[name].([]any)
				all[name] = append(before, list...)
			}
		}
	}
	return all, nil
}
