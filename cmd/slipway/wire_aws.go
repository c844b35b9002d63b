package main

import (
	"fmt"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/stsapi"
	"github.com/slipwaymq/slipway/bridge/sns"
	"github.com/slipwaymq/slipway/bridge/sqs"
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
)

// openAWS opens the one endpoint of SQS, SNS and STS. With users configured,
// signatures are verified, and who has no key may do nothing, unless
// aws.allow_anonymous lets strangers do everything. Without users everybody is
// anonymous, and config lets nobody off loopback reach this without having said so.
func (in *instance) openAWS(d *doors, all []listener) error {
	find, err := namespaces(in.broker, in.cfg)
	if err != nil {
		return err
	}
	signer, err := in.notifications()
	if err != nil {
		return err
	}
	backend := &awsapi.Backend{Namespace: find, Names: names(in.cfg), Principal: in.signer()}
	reg := awsapi.NewRegistry(sqsapi.Service, snsapi.Service, stsapi.Service)
	awsapi.HandleSTS(reg)
	d.sqs = sqs.New(backend)
	d.sqs.RecreateAfter(in.cfg.AWS.QueueRecreateDelay)
	d.sqs.Register(reg)
	d.sqs.Resume(in.broker.Namespaces()...)
	d.sqs.Sign(signer)
	d.sns = sns.New(backend)
	d.sns.Register(reg)
	if err := d.sns.Deliver(in.endpoints(all, signer), in.log, in.broker.Namespaces()...); err != nil {
		return err
	}
	edge := awsapi.New(awsapi.Config{
		Registry: reg, Account: in.cfg.AWS.AccountID, Region: in.cfg.AWS.Region, ExternalURL: in.cfg.AWS.ExternalURL,
		AllowedHosts: in.cfg.AWS.AllowedHosts, Log: in.log,
		Verify: in.verifier(), AllowAnonymous: in.cfg.AWS.AllowAnonymous,
		Files:        signer.ServeCertificate,
		MaxReception: max(messageMemory(in.cfg.Limits.MemoryBudget)/4, awsapi.DefaultMaxBody),
	})
	for _, ln := range all {
		d.aws.serve(ln.prepared("aws", in), edge, d.broken)
		d.add("aws", ln)
	}
	return nil
}

// verifier checks signatures against the users' access keys; nil without
// configured users, who alone have access keys.
func (in *instance) verifier() awsapi.Verifier {
	if !in.hasUsers() {
		return nil
	}
	accounts := map[string]string{}
	for _, n := range in.cfg.Namespaces {
		accounts[n.Name] = n.AccountID
	}
	return awsapi.Signatures{
		Now: time.Now, Strangers: in.cfg.AWS.AllowAnonymous, Unsigned: unsigned,
		Secret: func(id string) (string, string, bool) {
			secret, who, ok := in.access.ByAccessKey(id)
			if !ok {
				return "", "", false
			}
			return secret, who.Name, true
		},
		Account: func(user string) string {
			who, ok := in.access.ByIdentity(user)
			if !ok {
				return ""
			}
			return accounts[who.Namespace]
		},
	}.Verifier()
}

// unsigned are the calls that may come without a signature: links, and what the
// policy of a queue could let anybody do.
func unsigned(c *awsapi.Call) bool {
	return awsapi.UnsignedLinks(c) || c.Service.Name == sqsapi.Service.Name && c.Operation != "CreateQueue" && c.Operation != "ListQueues"
}

// signer tells whom a verified access key acts for.
func (in *instance) signer() func(awsapi.Principal) *core.Principal {
	stranger := &core.Principal{} // may do nothing
	if !in.hasUsers() || in.cfg.AWS.AllowAnonymous {
		stranger = core.AnonymousPrincipal()
	}
	return func(p awsapi.Principal) *core.Principal {
		if !in.hasUsers() || p.Anonymous() {
			return stranger
		}
		if _, who, ok := in.access.ByAccessKey(p.AccessKeyID); ok {
			return who
		}
		return &core.Principal{}
	}
}

// namespaces finds a namespace by account and region: the default one, unless
// the configuration gives another.
func namespaces(b *core.Broker, cfg config.Config) (func(account, region string) (*core.Namespace, error), error) {
	table := map[[2]string]*core.Namespace{}
	for _, n := range cfg.Namespaces {
		ns, err := b.Namespace(n.Name)
		if err != nil {
			return nil, fmt.Errorf("namespace %s: %w", n.Name, err)
		}
		table[[2]string{n.AccountID, n.Region}] = ns
	}
	return func(account, region string) (*core.Namespace, error) {
		if ns := table[[2]string{account, region}]; ns != nil {
			return ns, nil
		}
		return b.Default(), nil
	}, nil
}
