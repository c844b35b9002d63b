package aws

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// A library is one of the clients.
type library struct {
	name  string
	start func(t *testing.T) driver.Command // skips, or in CI fails, without what it needs

	exception func(modelled, service string) string // the class that a program catches; "" where programs see no classes
	query     bool                                  // speaks Query to SQS, and knows what was known in 2022
}

var libraries = []library{
	{name: "sdk-go", start: sdkGo, exception: classOf("GenericAPIError", "GenericAPIError", "")},
	{name: "boto3", start: boto3, exception: classOf("ClientError", "ClientError", "")},
	{name: "cli", start: cli, exception: noClass},
	{name: "cli-debian", start: cliDebian, exception: noClass, query: true},
	{name: "javascript", start: javascript, exception: classOf("SQSServiceException", "SNSServiceException", "")},
	{name: "java", start: java, exception: classOf("SqsException", "SnsException", "Exception")},
}

// classOf: a modelled error has a class by its name, with the ending; the others
// share their service's.
func classOf(sqs, sns, ending string) func(modelled, service string) string {
	return func(modelled, service string) string {
		switch {
		case modelled == "" && service == "sqs":
			return sqs
		case modelled == "":
			return sns
		case ending != "" && !strings.HasSuffix(modelled, ending):
			return modelled + ending
		}
		return modelled
	}
}

func noClass(string, string) string { return "" }

// environment is where and as whom, for every client.
func environment(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=" + client.Region, "AWS_DEFAULT_REGION=" + client.Region,
		"AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"NODE_PATH=" + filepath.Join(os.Getenv("SLIPWAY_TEST_CLIENTS"), "aws-javascript", "node_modules"), "NODE_NO_WARNINGS=1",
	}
}

func sdkGo(t *testing.T) driver.Command {
	binary := filepath.Join(t.TempDir(), "sdkgo")
	if out, err := exec.Command("go", "build", "-o", binary, "./clients/sdkgo").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return driver.Command{Args: []string{binary}}
}

func boto3(t *testing.T) driver.Command {
	installed(t)
	daemon.NeedPython(t, "boto3")
	return driver.Command{Args: []string{"python3", "clients/boto3/driver.py"}}
}

// cli is run by the Python that its own first line names, and which has its
// modules.
func cli(t *testing.T) driver.Command {
	installed(t)
	daemon.NeedPython(t, "awscli")
	script, err := exec.Command("python3", "-c", "import shutil, os, sys; print(shutil.which('aws', path=os.path.dirname(sys.executable)) or shutil.which('aws'), end='')").Output()
	if err != nil {
		t.Fatal(err)
	}
	return driver.Command{Args: []string{"python3", "clients/cli/driver.py", string(script)}}
}

func cliDebian(t *testing.T) driver.Command {
	installed(t)
	daemon.Need(t, "/usr/bin/aws")
	return driver.Command{Args: []string{"/usr/bin/python3", "clients/cli/driver.py", "/usr/bin/aws"}}
}

func javascript(t *testing.T) driver.Command {
	daemon.Need(t, "node")
	installed(t, "aws-javascript", "node_modules", "@aws-sdk", "client-sqs")
	return driver.Command{Args: []string{"node", "clients/javascript/driver.js"}}
}

func java(t *testing.T) driver.Command {
	daemon.Need(t, "java")
	dir := installed(t, "aws-java")
	return driver.Command{Args: []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", filepath.Join(dir, "*"), "clients/java/Driver.java"}}
}

// installed is a folder below SLIPWAY_TEST_CLIENTS. Where that is not set only Go's
// SDK is driven: who just tests this module has not asked for minutes of the others.
func installed(t *testing.T, path ...string) string {
	all := os.Getenv("SLIPWAY_TEST_CLIENTS")
	dir := filepath.Join(append([]string{all}, path...)...)
	if all == "" {
		daemon.Missing(t, "what $SLIPWAY_TEST_CLIENTS names")
	}
	if _, err := os.Stat(dir); err != nil {
		daemon.Missing(t, dir)
	}
	return dir
}

// libraryNames are the table's columns.
func libraryNames() []string {
	names := make([]string, len(libraries))
	for i, l := range libraries {
		names[i] = l.name
	}
	return names
}
