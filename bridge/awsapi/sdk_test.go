package awsapi_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
)

// clients are unmodified SDK clients of one endpoint.
type clients struct {
	SQS *sqs.Client
	SNS *sns.Client
	STS *sts.Client
}

func sdk(t *testing.T, url string) clients {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: tr},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	return clients{
		SQS: sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.DisableMessageChecksumValidation = true }),
		SNS: sns.NewFromConfig(cfg),
		STS: sts.NewFromConfig(cfg),
	}
}

// TestSDKRoundTrip sends every operation of SQS and SNS through the real SDK and
// the real server: what the handler saw and what the SDK returned must be what was
// put in at the other end, every member of both.
func TestSDKRoundTrip(t *testing.T) {
	special["LanguageCode"] = "en-US"
	defer delete(special, "LanguageCode")
	reg := newRegistry()
	var saw any
	for _, op := range operations {
		op.handle(reg, func(c *awsapi.Call, in, out any) error {
			saw = in
			if c.Region != "eu-west-1" {
				t.Errorf("region %q", c.Region)
			}
			fill(out)
			return nil
		})
	}
	cl := sdk(t, serve(t, config(reg)).URL)
	for _, op := range operations {
		client := reflect.ValueOf(cl).FieldByName(op.service.Name)
		if op.service.Name == "STS" && op.name != "GetCallerIdentity" {
			continue // their inputs are held to lengths that filled ones do not meet
		}
		t.Run(op.service.Name+"/"+op.name, func(t *testing.T) {
			method := client.MethodByName(op.name)
			in := reflect.New(method.Type().In(1).Elem())
			fill(in.Interface())
			res := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
			if err, _ := res[1].Interface().(error); err != nil {
				t.Fatal(err)
			}
			want := op.newIn()
			fill(want)
			if !reflect.DeepEqual(saw, want) {
				t.Errorf("handler saw\n%+v\nwant\n%+v", saw, want)
			}
			compareOutputs(t, res[0])
		})
	}
}

// compareOutputs fills a second output of the SDK and compares all but the metadata.
func compareOutputs(t *testing.T, got reflect.Value) {
	t.Helper()
	want := reflect.New(got.Type().Elem())
	fill(want.Interface())
	for i := range got.Elem().NumField() {
		f := got.Elem().Type().Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		if g, w := got.Elem().Field(i).Interface(), want.Elem().Field(i).Interface(); !reflect.DeepEqual(g, w) {
			t.Errorf("%s: the SDK returned %+v, want %+v", f.Name, g, w)
		}
	}
}

// TestSDKErrors: a handler's error is the SDK's own type, with code and text, and
// with the legacy code where the client matches on that.
func TestSDKErrors(t *testing.T) {
	reg := newRegistry()
	awsapi.Handle(reg, sqsapi.GetQueueUrl, func(context.Context, *awsapi.Call, *sqsapi.GetQueueUrlInput) (*sqsapi.GetQueueUrlOutput, error) {
		return nil, sqsapi.NonExistentQueue()
	})
	awsapi.Handle(reg, snsapi.Publish, func(context.Context, *awsapi.Call, *snsapi.PublishInput) (*snsapi.PublishOutput, error) {
		return nil, snsapi.NotFoundException.New("Topic does not exist")
	})
	awsapi.Handle(reg, sqsapi.SendMessage, func(context.Context, *awsapi.Call, *sqsapi.SendMessageInput) (*sqsapi.SendMessageOutput, error) {
		return nil, errors.New("secret detail")
	})
	cl := sdk(t, serve(t, config(reg)).URL)

	_, err := cl.SQS.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
	var gone *sqstypes.QueueDoesNotExist
	if !errors.As(err, &gone) || gone.ErrorCode() != "AWS.SimpleQueueService.NonExistentQueue" || gone.ErrorMessage() != "The specified queue does not exist." {
		t.Errorf("GetQueueUrl: %v", err)
	}
	_, err = cl.SNS.Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String("a"), Message: aws.String("m")})
	var notFound *snstypes.NotFoundException
	if !errors.As(err, &notFound) || notFound.ErrorMessage() != "Topic does not exist" {
		t.Errorf("Publish: %v", err)
	}
	_, err = cl.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("m")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorFault() != smithy.FaultServer && api.ErrorCode() != "InternalError" || strings.Contains(err.Error(), "secret") {
		t.Errorf("SendMessage: %v", err)
	}
	_, err = cl.SNS.ListTopics(t.Context(), &sns.ListTopicsInput{})
	if !errors.As(err, &api) || api.ErrorCode() != "UnsupportedOperation" || !strings.Contains(api.ErrorMessage(), "ListTopics") {
		t.Errorf("an action without a handler: %v", err)
	}
}

func TestCallerIdentity(t *testing.T) {
	reg := newRegistry()
	awsapi.HandleSTS(reg)
	out, err := sdk(t, serve(t, config(reg)).URL).STS.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Account != "000000000000" || *out.Arn != "arn:aws:iam::000000000000:root" || *out.UserId != "000000000000" {
		t.Errorf("%+v", out)
	}
}

// TestEmptyReplies: nothing received is no key at all, in both forms.
func TestEmptyReplies(t *testing.T) {
	reg := newRegistry()
	awsapi.Handle(reg, sqsapi.ReceiveMessage, func(context.Context, *awsapi.Call, *sqsapi.ReceiveMessageInput) (*sqsapi.ReceiveMessageOutput, error) {
		return &sqsapi.ReceiveMessageOutput{Messages: []sqsapi.Message{}}, nil
	})
	awsapi.Handle(reg, sqsapi.DeleteMessage, func(context.Context, *awsapi.Call, *sqsapi.DeleteMessageInput) (*sqsapi.DeleteMessageOutput, error) {
		return nil, nil // an empty reply
	})
	awsapi.Handle(reg, snsapi.ListTopics, func(context.Context, *awsapi.Call, *snsapi.ListTopicsInput) (*snsapi.ListTopicsOutput, error) {
		return nil, nil // an empty reply
	})
	head := "<?xml version=\"1.0\"?>\n"
	meta := `<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>`
	sqsNS, snsNS := ` xmlns="http://queue.amazonaws.com/doc/2012-11-05/">`, ` xmlns="http://sns.amazonaws.com/doc/2010-03-31/">`
	for _, c := range []struct {
		r    *http.Request
		want string
	}{
		{jsonRequest("AmazonSQS.ReceiveMessage", `{"QueueUrl":"q"}`), `{}`},
		{jsonRequest("AmazonSQS.DeleteMessage", `{"QueueUrl":"q","ReceiptHandle":"r"}`), `{}`},
		{queryRequest("/", "Action=ReceiveMessage&QueueUrl=q&Version=2012-11-05"),
			head + `<ReceiveMessageResponse` + sqsNS + `<ReceiveMessageResult></ReceiveMessageResult>` + meta + "</ReceiveMessageResponse>\n"},
		{queryRequest("/", "Action=DeleteMessage&QueueUrl=q&ReceiptHandle=r&Version=2012-11-05"),
			head + `<DeleteMessageResponse` + sqsNS + meta + "</DeleteMessageResponse>\n"},
		{queryRequest("/", "Action=ListTopics&Version=2010-03-31"),
			head + `<ListTopicsResponse` + snsNS + `<ListTopicsResult><Topics/></ListTopicsResult>` + meta + "</ListTopicsResponse>\n"},
	} {
		if status, _, body := do(t, config(reg), c.r); status != 200 || body != c.want {
			t.Errorf("%d %s\nwant %s", status, body, c.want)
		}
	}
}
