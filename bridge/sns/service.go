package sns

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/core"
)

// Service answers SNS's actions.
type Service struct {
	backend *awsapi.Backend // immutable
	rand    io.Reader       // immutable; of subscription ids and tokens

	couriers *couriers // immutable once it serves; nil: no http and https

	// subscribing makes Subscribe find what another one just made, and not make it
	// twice; and attributes change one at a time.
	subscribing sync.Mutex
	changing    sync.Mutex // taken to change a topic's attributes
}

// New makes the service. b.Names, if nil, is made empty.
func New(b *awsapi.Backend) *Service {
	b.SetDefaults()
	return &Service{backend: b, rand: rand.Reader}
}

// Deliver lets topics be subscribed by http and https, and goes on with what an
// earlier process had not delivered in these namespaces. Call it before anything is
// served, and Close at the end.
func (s *Service) Deliver(e Endpoints, log *slog.Logger, all ...*core.Namespace) error {
	s.couriers = newCouriers(e, log)
	for _, ns := range all {
		if err := forgetPending(ns, s.couriers); err != nil {
			return err
		}
		for _, b := range subscriptions(ns) {
			if b.Attributes[subProtocol] != "" {
				s.couriers.begin(ns, b.Key)
			}
		}
	}
	return nil
}

// Close ends deliveries; what is not delivered stays in its queues. No call may come
// after.
func (s *Service) Close() {
	if s.couriers != nil {
		s.couriers.close()
	}
}

// Register puts the handlers into the edge's table.
func (s *Service) Register(reg *awsapi.Registry) {
	awsapi.Handle(reg, snsapi.AddPermission, s.addPermission)
	awsapi.Handle(reg, snsapi.ConfirmSubscription, s.confirmSubscription)
	awsapi.Handle(reg, snsapi.CreateTopic, s.createTopic)
	awsapi.Handle(reg, snsapi.DeleteTopic, s.deleteTopic)
	awsapi.Handle(reg, snsapi.GetSubscriptionAttributes, s.getSubscriptionAttributes)
	awsapi.Handle(reg, snsapi.GetTopicAttributes, s.getTopicAttributes)
	awsapi.Handle(reg, snsapi.ListSubscriptions, s.listSubscriptions)
	awsapi.Handle(reg, snsapi.ListSubscriptionsByTopic, s.listSubscriptionsByTopic)
	awsapi.Handle(reg, snsapi.ListTagsForResource, s.listTagsForResource)
	awsapi.Handle(reg, snsapi.ListTopics, s.listTopics)
	awsapi.Handle(reg, snsapi.Publish, s.publish)
	awsapi.Handle(reg, snsapi.PublishBatch, s.publishBatch)
	awsapi.Handle(reg, snsapi.RemovePermission, s.removePermission)
	awsapi.Handle(reg, snsapi.SetSubscriptionAttributes, s.setSubscriptionAttributes)
	awsapi.Handle(reg, snsapi.SetTopicAttributes, s.setTopicAttributes)
	awsapi.Handle(reg, snsapi.Subscribe, s.subscribe)
	awsapi.Handle(reg, snsapi.TagResource, s.tagResource)
	awsapi.Handle(reg, snsapi.Unsubscribe, s.unsubscribe)
	awsapi.Handle(reg, snsapi.UntagResource, s.untagResource)
}

// newID is a UUID of version 4, as the ids of AWS's subscriptions are.
func (s *Service) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.rand, b[:]); err != nil {
		return "", err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
