package sns

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/core"
)

// AddPermission, RemovePermission: statements of the attribute Policy, or of the
// one that a topic has without.

func (s *Service) addPermission(_ context.Context, c *awsapi.Call, in *snsapi.AddPermissionInput) (*snsapi.AddPermissionOutput, error) {
	return nil, s.changePolicy(c, in.TopicArn.V, func(t *target, text string) (string, error) {
		return policy.SNS.AddPermission(text, t.arn.String(), in.Label.V, in.AWSAccountId, in.ActionName)
	})
}

func (s *Service) removePermission(_ context.Context, c *awsapi.Call, in *snsapi.RemovePermissionInput) (*snsapi.RemovePermissionOutput, error) {
	return nil, s.changePolicy(c, in.TopicArn.V, func(_ *target, text string) (string, error) {
		return policy.SNS.RemovePermission(text, in.Label.V)
	})
}

func (s *Service) changePolicy(c *awsapi.Call, topicARN string, change func(t *target, text string) (string, error)) error {
	t, err := s.topicFor(c, topicARN, core.Configure)
	if err != nil {
		return err
	}
	return s.change(t, func(attrs map[string]string) error {
		text, err := change(t, policyOf(t, attrs))
		if err != nil {
			return invalid(err.Error())
		}
		attrs[attrPolicy] = text
		return nil
	})
}

// policyOf is a topic's policy; where none was set, what AWS shows. That one says
// nothing here: nobody's request has a SourceOwner.
func policyOf(t *target, attrs map[string]string) string {
	if text := attrs[attrPolicy]; text != "" {
		return text
	}
	return policy.DefaultTopicPolicy(t.arn.String(), t.arn.Account)
}
