package sns

import (
	"context"
	"errors"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
)

// Unsubscribe: what is not there is unsubscribed. Also by GET, from the link in
// notifications.

func (s *Service) unsubscribe(_ context.Context, c *awsapi.Call, in *snsapi.UnsubscribeInput) (*snsapi.UnsubscribeOutput, error) {
	s.subscribing.Lock() // else a change under way would bind it again
	defer s.subscribing.Unlock()
	b, err := s.subscriptionOf(c, in.SubscriptionArn.V)
	if errors.Is(err, noSubscription()) {
		return nil, nil // an empty reply
	}
	if err != nil {
		return nil, err
	}
	if !b.mayChange() {
		return nil, denied("no permission of the user allows it")
	}
	_, err = b.ns.Unbind(b.Key)
	return nil, refusal(err)
}
