package main

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func (s signer) setPolicy(ctx context.Context, queue, policy string) error {
	_, err := s.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &queue, Attributes: map[string]string{"Policy": policy}})
	return err
}

func (s signer) policy(ctx context.Context, t *testing.T, queue string) string {
	t.Helper()
	out, err := s.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{"Policy"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["Policy"]
}

const statement = `{"Version":"2012-10-17","Statement":[{"Effect":%E,"Principal":%P,"Action":%A,"Resource":"arn:aws:sqs:us-east-1:000000000000:orders"}]}`

func policyOf(effect, principal, action string) string {
	return strings.NewReplacer("%E", `"`+effect+`"`, "%P", principal, "%A", `"`+action+`"`).Replace(statement)
}

// What a queue's policy says goes before what users are granted.
func TestQueuePolicies(t *testing.T) {
	in, err := start(settings(t, signers), quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + address(t, in.doors.opened, "aws")
	queue, ctx := url+"/000000000000/orders", t.Context()
	root, sender, two, unsigned := signAs(t, url, "ROOT", "rootsecret"), signAs(t, url, "SENDER", "sendersecret"), signAs(t, url, "TWO", "twosecret"), signAs(t, url, "", "")
	far := signAs(t, url, "SENDER", "sendersecret", "eu-west-3")
	const everybody, onlyTwo = `"*"`, `{"AWS":"arn:aws:iam::222222222222:user/two"}`
	for _, tt := range []struct {
		name, policy           string
		send                   signer
		want                   string
		receives, otherReceive string // sender's, two's
	}{
		{"none", "", sender, "", "AccessDenied", "AccessDenied"},
		{"deny", policyOf("Deny", everybody, "SQS:SendMessage"), root, "AccessDenied: User: arn:aws:iam::000000000000:user/root is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:000000000000:orders with an explicit deny in a resource-based policy", "AccessDenied", "AccessDenied"},
		{"deny by way of another region", policyOf("Deny", everybody, "SQS:SendMessage"), far, "AccessDenied", "AccessDenied", "AccessDenied"},
		{"deny one", policyOf("Deny", `{"AWS":"arn:aws:iam::000000000000:user/sender"}`, "SQS:*"), sender, "AccessDenied", "AccessDenied", "AccessDenied"},
		{"deny another", policyOf("Deny", `{"AWS":"arn:aws:iam::000000000000:user/reader"}`, "SQS:*"), sender, "", "AccessDenied", "AccessDenied"},
		{"allow everybody", policyOf("Allow", everybody, "SQS:*"), unsigned, "", "", ""},
		{"allow one of another namespace", policyOf("Allow", onlyTwo, "SQS:ReceiveMessage"), two, "AccessDenied: User: arn:aws:iam::222222222222:user/two is not authorized to perform: sqs:sendmessage", "AccessDenied", ""},
		{"not for the unsigned", policyOf("Allow", onlyTwo, "SQS:SendMessage"), unsigned, "AccessDenied: Access to the resource ", "AccessDenied", "AccessDenied"},
	} {
		if err := root.setPolicy(ctx, queue, tt.policy); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		for what, got := range map[string][2]string{
			"send": {codeOf(tt.send.send(ctx, queue)), tt.want}, "receive": {codeOf(sender.receive(ctx, queue)), tt.receives},
			"receive, two": {codeOf(two.receive(ctx, queue)), tt.otherReceive},
		} {
			if (got[0] == "") != (got[1] == "") || !strings.HasPrefix(got[0], got[1]) {
				t.Errorf("%s: %s: %q, not %q", tt.name, what, got[0], got[1])
			}
		}
	}
	// Who shut everybody out can open again, and nobody else.
	if err := root.setPolicy(ctx, queue, policyOf("Deny", everybody, "SQS:*")); err != nil {
		t.Fatal(err)
	}
	if got := codeOf(root.purge(ctx, queue)); !strings.HasPrefix(got, "AccessDenied") {
		t.Error(got)
	}
	if got := codeOf(sender.setPolicy(ctx, queue, "")); !strings.HasPrefix(got, "AccessDenied") {
		t.Error(got)
	}
	if err := root.setPolicy(ctx, queue, policyOf("Allow", everybody, "SQS:*")); err != nil {
		t.Error(err)
	}
	if got := codeOf(unsigned.setPolicy(ctx, queue, "")); !strings.HasPrefix(got, "AccessDenied") {
		t.Errorf("an unsigned call changed the policy: %q", got)
	}
	if _, err := unsigned.sqs.ListQueues(ctx, &sqs.ListQueuesInput{}); err == nil {
		t.Error("an unsigned call listed queues")
	}
	for _, queue := range []string{"nowhere", "secret"} {
		if got := codeOf(unsigned.send(ctx, url+"/000000000000/"+queue)); got != "AccessDenied: Access to the resource "+url+"/000000000000/"+queue+" is denied." {
			t.Errorf("unsigned, %s: %q", queue, got)
		}
	}
	if got := codeOf(root.setPolicy(ctx, queue, `{"Statement":[]}`)); got != "InvalidAttributeValue: Invalid value for the parameter Policy." {
		t.Error(got)
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}

// AddPermission and RemovePermission, of queues and topics.
func TestPermissions(t *testing.T) {
	in, err := start(settings(t, signers), quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + address(t, in.doors.opened, "aws")
	queue, topic, ctx := url+"/000000000000/orders", aws.String("arn:aws:sns:us-east-1:000000000000:sensors"), t.Context()
	root, two, reader := signAs(t, url, "ROOT", "rootsecret"), signAs(t, url, "TWO", "twosecret"), signAs(t, url, "READER", "readersecret")
	add := func(label string, actions ...string) error {
		_, err := root.sqs.AddPermission(ctx, &sqs.AddPermissionInput{QueueUrl: &queue, Label: &label, AWSAccountIds: []string{"222222222222"}, Actions: actions})
		return err
	}
	remove := func(label string) error {
		_, err := root.sqs.RemovePermission(ctx, &sqs.RemovePermissionInput{QueueUrl: &queue, Label: &label})
		return err
	}
	if err := add("two", "SendMessage"); err != nil {
		t.Fatal(err)
	}
	if got := root.policy(ctx, t, queue); !strings.Contains(got, `"Sid":"two"`) || !strings.Contains(got, "arn:aws:sqs:us-east-1:000000000000:orders/SQSDefaultPolicy") {
		t.Error(got)
	}
	if err := two.send(ctx, queue); err != nil {
		t.Error(err)
	}
	for got, want := range map[string]string{
		codeOf(add("two", "SendMessage")): "InvalidParameterValue: Value two for parameter Label is invalid. Reason: Already exists.",
		codeOf(add("x", "DeleteQueue")):   "InvalidParameterValue: Value SQS:DeleteQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.",
		codeOf(remove("none")):            "InvalidParameterValue: Value none for parameter Label is invalid. Reason: can't find label.",
		codeOf(remove("two")):             "",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	if got := codeOf(two.send(ctx, queue)); root.policy(ctx, t, queue) != "" || !strings.HasPrefix(got, "AccessDenied") {
		t.Errorf("removed: %q", got)
	}
	in2 := &sns.AddPermissionInput{TopicArn: topic, Label: aws.String("two"), AWSAccountId: []string{"222222222222"}, ActionName: []string{"Publish"}}
	if _, err := root.sns.AddPermission(ctx, in2); err != nil {
		t.Fatal(err)
	}
	if err := two.publish(ctx, "sensors"); err != nil {
		t.Error(err)
	}
	if got := codeOf(reader.publish(ctx, "sensors")); got != "AuthorizationError: User: arn:aws:iam::000000000000:user/reader is not authorized to perform: SNS:Publish on resource: "+*topic+" because no identity-based policy allows the SNS:Publish action" {
		t.Error(got)
	}
	if _, err := root.sns.RemovePermission(ctx, &sns.RemovePermissionInput{TopicArn: topic, Label: aws.String("two")}); err != nil {
		t.Error(err)
	}
	if got := codeOf(two.publish(ctx, "sensors")); !strings.HasPrefix(got, "AuthorizationError") {
		t.Errorf("removed: %q", got)
	}
	deny := `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"SNS:Publish","Resource":"` + *topic + `"}]}`
	if _, err := root.sns.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("Policy"), AttributeValue: &deny}); err != nil {
		t.Fatal(err)
	}
	if got := codeOf(root.publish(ctx, "sensors")); !strings.HasSuffix(got, "with an explicit deny in a resource-based policy") {
		t.Error(got)
	}
	bad := `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"SNS:ListTopics","Resource":"*"}]}`
	_, err = root.sns.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("Policy"), AttributeValue: &bad})
	if got := codeOf(err); got != "InvalidParameter: Invalid parameter: Policy statement action out of service scope!" {
		t.Error(got)
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}
