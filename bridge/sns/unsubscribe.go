package sns

import (
	"context"
	"errors"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
)

// Unsubscribe: what is not there is unsubscribed. Also by GET, from the link in
// notifications: unsigned, if the subscription is an endpoint's and was not confirmed
// with AuthenticateOnUnsubscribe. The endpoint is told; the link in that message
// restores nothing, as AWS's does: subscribe again.

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
	st := stateOf(b.Binding)
	if byLink := st.protocol != "" && !st.auth && c.Principal.Anonymous(); !byLink && !b.mayChange() {
		return nil, denied("no permission of the user allows it")
	}
	if err := unbind(b.ns, s.couriers, b.Binding); err != nil {
		return nil, refusal(err)
	}
	if st.protocol != "" && st.pending == 0 && s.couriers != nil {
		id, err := s.newID()
		if err != nil {
			return nil, err
		}
		s.couriers.farewell(b.ns, b.Binding, id, b.ns.Broker().Now())
	}
	return nil, nil
}
