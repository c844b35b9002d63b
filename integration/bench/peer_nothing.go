package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

// startNothing is a server in this process that answers every SQS request at
// once and keeps nothing. Its CPU is ours, so only its rate means something.
func startNothing(*tools, string) (*Running, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { // until the process ends
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close() //nolint:errcheck // it is the client that is measured
				r := bufio.NewReader(c)
				for err == nil {
					if _, _, err = readRequest(r, nil); err == nil {
						_, err = c.Write(sqsYes)
					}
				}
			}()
		}
	}()
	return &Running{Name: "nothing", Addrs: map[string]string{"sqs": l.Addr().String()}, PID: os.Getpid()}, nil
}

// sqsYes is the answer to whatever our client asks for.
var sqsYes = func() []byte {
	const answer = `{"QueueUrl":"http://127.0.0.1/0/q","MessageId":"00000000-0000-0000-0000-000000000000","MD5OfMessageBody":"00000000000000000000000000000000"}`
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
}()

// readRequest reads one of our clients' requests, and appends its body to b.
func readRequest(r *bufio.Reader, b []byte) (action string, body []byte, err error) {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return "", b, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
		switch k, v, _ := bytes.Cut(line, []byte{':'}); {
		case fold(k, "content-length"):
			length, _ = strconv.Atoi(string(bytes.TrimSpace(v))) // our own client's digits
		case fold(k, "x-amz-target"):
			action = strings.TrimPrefix(string(bytes.TrimSpace(v)), "AmazonSQS.")
		}
	}
	at := len(b)
	b = slices.Grow(b, length)[:at+length]
	_, err = io.ReadFull(r, b[at:])
	return action, b, err
}
