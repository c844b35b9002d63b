package main

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"github.com/slipwaymq/slipway/config"
)

// banner says where the doors are, and what to try. Programs read the
// addresses from it: a line for each, the door's name, spaces, host:port.
func banner(to io.Writer, cfg config.Config, doors []opened) {
	w := &bytes.Buffer{}                          // who reads it reads all of it
	defer func() { _, _ = to.Write(w.Bytes()) }() // to a terminal or a log
	where := "data in " + cfg.DataDir
	if cfg.Memory {
		where = "nothing is kept on disk"
	}
	fmt.Fprintf(w, "slipway %s, %s\n\n", version(), where)
	first := map[string]string{}
	for _, d := range doors {
		fmt.Fprintf(w, "  %-13s %s\n", d.door, d.address)
		if first[d.door] == "" {
			first[d.door] = d.address
		}
	}
	if len(cfg.Users) == 0 {
		suggest(w, first["mqtt"], first["aws"], cfg.AWS.Region)
	}
	fmt.Fprintln(w)
}

// suggest prints three lines to try, which need no credentials.
func suggest(w io.Writer, mqtt, aws, region string) {
	if mqtt == "" || aws == "" {
		return
	}
	host, port := reachable(mqtt)
	url := "http://" + net.JoinHostPort(reachable(aws))
	fmt.Fprintf(w, `
Try, after export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=%[4]s
  aws --endpoint-url %[1]s sqs create-queue --queue-name hello
  mosquitto_pub -h %[2]s -p %[3]s -q 1 -t '$queue/hello' -m 'hi there'
  aws --endpoint-url %[1]s sqs receive-message --queue-url hello
`, url, host, port, region)
}

// reachable is where a client on this machine finds a listener at address.
func reachable(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address, ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return host, port
}
