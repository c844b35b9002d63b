package main

import (
	"fmt"
	"net"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/stsapi"
	"github.com/slipwaymq/slipway/bridge/sns"
	"github.com/slipwaymq/slipway/bridge/sqs"
	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
)

// openAWS opens the one endpoint of SQS, SNS and STS. Signatures are not
// verified yet: everybody who reaches it is anonymous, and config lets nobody
// off loopback reach it without having said so.
func (in *instance) openAWS(d *doors, all []net.Listener) error {
	find, err := namespaces(in.broker, in.cfg)
	if err != nil {
		return err
	}
	backend := &awsapi.Backend{Namespace: find, Names: names(in.cfg)}
	reg := awsapi.NewRegistry(sqsapi.Service, snsapi.Service, stsapi.Service)
	awsapi.HandleSTS(reg)
	sqs.New(backend).Register(reg)
	sns.New(backend).Register(reg)
	edge := awsapi.New(awsapi.Config{
		Registry: reg, Account: in.cfg.AWS.AccountID, Region: in.cfg.AWS.Region, ExternalURL: in.cfg.AWS.ExternalURL,
		AllowedHosts: in.cfg.AWS.AllowedHosts, Log: in.log, MaxReception: max(messageMemory(in.cfg.Limits.MemoryBudget)/4, awsapi.DefaultMaxBody),
	})
	for _, ln := range all {
		d.aws.serve(ln, edge, d.broken)
		d.add("aws", ln)
	}
	return nil
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
