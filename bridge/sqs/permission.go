package sqs

import (
	"context"
	"errors"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// AddPermission, RemovePermission: statements of the attribute Policy.

func (s *Service) addPermission(_ context.Context, c *awsapi.Call, in *sqsapi.AddPermissionInput) (*sqsapi.AddPermissionOutput, error) {
	return nil, s.changePolicy(c, in.QueueUrl.V, func(t *target, text string) (string, error) {
		return policy.SQS.AddPermission(text, t.arn(c), in.Label.V, in.AWSAccountIds, in.Actions)
	})
}

func (s *Service) removePermission(_ context.Context, c *awsapi.Call, in *sqsapi.RemovePermissionInput) (*sqsapi.RemovePermissionOutput, error) {
	return nil, s.changePolicy(c, in.QueueUrl.V, func(_ *target, text string) (string, error) {
		return policy.SQS.RemovePermission(text, in.Label.V)
	})
}

func (s *Service) changePolicy(c *awsapi.Call, url string, change func(t *target, text string) (string, error)) error {
	t, err := s.queueOf(c, url, core.Configure)
	if err != nil {
		return err
	}
	if !settable(&t.options) {
		return t.notSettable()
	}
	return refusal(t.Update(func(o *core.QueueOptions) error {
		text, err := change(t, o.Attributes[sqsapi.QueueAttributeNamePolicy])
		if err != nil {
			return policyError(err)
		}
		if o.Attributes == nil {
			o.Attributes = settings{}
		}
		if text == "" {
			delete(o.Attributes, sqsapi.QueueAttributeNamePolicy)
			return nil
		}
		o.Attributes[sqsapi.QueueAttributeNamePolicy] = text
		return nil
	}))
}

// policyError is what SQS says of a policy or permission.
func policyError(err error) error {
	var e *policy.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case policy.InvalidParameterValue:
		return wire.InvalidParameterValue.New(e.Text)
	case policy.MissingParameter:
		return wire.MissingParameter.New(e.Text)
	case policy.OverLimit:
		return sqsapi.OverLimit.New(e.Text)
	}
	return sqsapi.InvalidAttributeValue.New(e.Text)
}
