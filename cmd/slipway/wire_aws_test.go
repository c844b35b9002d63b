package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// An account and region of the configuration is its namespace, any other the
// default one; configured aliases are what SQS shows.
func TestNamespacesAndAliases(t *testing.T) {
	in, err := start(settings(t, "memory: true\n"+twoRoutes), quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	as := func(account, region string) *sqs.Client {
		return sqs.New(sqs.Options{
			BaseEndpoint: aws.String("http://" + address(t, in.doors.opened, "aws")), Region: region,
			Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""), HTTPClient: &http.Client{Transport: tr},
		})
	}
	for _, tt := range []struct{ account, region, namespace string }{
		{"222222222222", "eu-central-1", "two"}, {"222222222222", "us-east-1", ""}, {"AKIA", "eu-central-1", ""}, {"000000000000", "us-east-1", ""},
	} {
		name := "made-by-" + tt.account + "-" + tt.region
		if _, err := as(tt.account, tt.region).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name}); err != nil {
			t.Fatal(err)
		}
		for _, ns := range in.broker.Namespaces() {
			if _, there := ns.Queue(name); there != (ns.Name() == tt.namespace) {
				t.Errorf("%s %s: in namespace %q: %v", tt.account, tt.region, ns.Name(), there)
			}
		}
	}
	got, err := as("any", "us-east-1").GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("orders.new")})
	if err != nil || !strings.HasSuffix(*got.QueueUrl, "/fresh") {
		t.Errorf("orders.new: %v, %v", got, err)
	}
	tr.CloseIdleConnections()
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}
