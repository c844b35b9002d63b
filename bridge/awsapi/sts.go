package awsapi

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi/stsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// HandleSTS registers the one action of STS that is provided: GetCallerIdentity,
// which SDKs and Terraform ask for to check that credentials work.
func HandleSTS(r *Registry) { Handle(r, stsapi.GetCallerIdentity, getCallerIdentity) }

func getCallerIdentity(_ context.Context, c *Call, _ *stsapi.GetCallerIdentityInput) (*stsapi.GetCallerIdentityOutput, error) {
	id := c.Account
	if !c.Principal.Anonymous() {
		id = c.Principal.AccessKeyID
	}
	return &stsapi.GetCallerIdentityOutput{
		UserId:  wire.Some(id),
		Account: wire.Some(c.Account),
		Arn:     wire.Some(c.callerARN()),
	}, nil
}
