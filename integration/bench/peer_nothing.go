package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
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
			go nothing(c)
		}
	}()
	return &Running{Name: "nothing", Addrs: map[string]string{"sqs": l.Addr().String()}, PID: os.Getpid()}, nil
}

func nothing(c net.Conn) {
	defer c.Close() //nolint:errcheck // it is the client that is measured
	r := bufio.NewReader(c)
	for {
		length := 0
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(bytes.TrimSpace(line)) == 0 {
				break
			}
			if k, v, _ := strings.Cut(string(line), ":"); strings.EqualFold(k, "content-length") {
				length, _ = strconv.Atoi(strings.TrimSpace(v)) // our own client's digits
			}
		}
		if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
			return
		}
		const answer = `{"QueueUrl":"http://127.0.0.1/0/q","MessageId":"00000000-0000-0000-0000-000000000000","MD5OfMessageBody":"00000000000000000000000000000000"}`
		if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer); err != nil {
			return
		}
	}
}
