package journey

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

const withKeys = `
routes: [{topic: "sensors/#", queue: sensor-readings}]
users:
  - {name: reader, access_keys: [{id: AKIAREADER, secret: change-me-too}], permissions: [{allow: [read], queues: [sensor-readings]}]}
`

// The AWS CLI and boto3 sign with a user's key and may do what the user may.
func TestSignedByOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	if err := os.WriteFile(file, []byte(withKeys), 0o600); err != nil {
		t.Fatal(err)
	}
	b := daemon.Start(t, daemon.Options{Config: file})
	url := "http://" + b.AWS + "/" + client.Account + "/sensor-readings"
	const script = `import boto3, sys; boto3.client("sqs").%s`
	for _, tt := range []struct {
		name, id, secret string
		program          []string
		want             string
	}{
		{"cli", "AKIAREADER", "change-me-too", []string{"aws", "--endpoint-url", "http://" + b.AWS, "sqs", "receive-message", "--queue-url", url}, ""},
		{"cli, not permitted", "AKIAREADER", "change-me-too", []string{"aws", "--endpoint-url", "http://" + b.AWS, "sqs", "send-message", "--queue-url", url, "--message-body", "x"}, "is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:000000000000:sensor-readings"},
		{"cli, wrong secret", "AKIAREADER", "wrong", []string{"aws", "--endpoint-url", "http://" + b.AWS, "sns", "list-topics"}, "(SignatureDoesNotMatch)"},
		{"boto3", "AKIAREADER", "change-me-too", []string{"python3", "-c", strings.Replace(script, "%s", `receive_message(QueueUrl=sys.argv[1])`, 1), url}, ""},
		{"boto3, unknown key", "any", "any", []string{"python3", "-c", strings.Replace(script, "%s", `list_queues()`, 1)}, "(InvalidClientTokenId)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.program[0] == "aws" {
				daemon.Need(t, "aws")
			} else {
				daemon.NeedPython(t, "boto3")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*client.Patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, tt.program[0], tt.program[1:]...)
			cmd.Env = append(append(os.Environ(), awsEnv(b)...), "AWS_ACCESS_KEY_ID="+tt.id, "AWS_SECRET_ACCESS_KEY="+tt.secret)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (tt.want == "") || !strings.Contains(string(out), tt.want) {
				t.Errorf("%v\n%s\nwant %q", err, out, tt.want)
			}
		})
	}
	b.Stop(t)
}
