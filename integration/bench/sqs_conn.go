package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An sqsConn is one connection, made anew when the server closes it (moto's
// does so after each answer).
type sqsConn struct {
	addr   string
	signer signer
	out    []byte
	body   []byte // of the last answer

	c net.Conn
	r *bufio.Reader
}

func newSQSConn(addr string) *sqsConn {
	return &sqsConn{addr: addr, signer: newSigner("us-east-1", "sqs")}
}

func (s *sqsConn) close() {
	if s.c != nil {
		_ = s.c.Close() // nothing is in it
	}
	s.c = nil
}

// call does one action. The answer is valid until the next.
func (s *sqsConn) call(action string, body []byte) ([]byte, error) {
	if s.c == nil {
		c, err := net.DialTimeout("tcp", s.addr, 10*time.Second)
		if err != nil {
			return nil, err
		}
		s.c, s.r = c, bufio.NewReaderSize(c, 32<<10)
	}
	s.out = s.signer.request(s.out[:0], s.addr, action, body)
	if _, err := s.c.Write(s.out); err != nil {
		return nil, err
	}
	status, err := s.answer()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s: %d %.300s", action, status, s.body)
	}
	return s.body, nil
}

func (s *sqsConn) answer() (status int, err error) {
	line, err := s.r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("the answer begins %q", line)
	}
	last := line[7] == '0' // HTTP/1.0
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length, chunked := 0, false
	for {
		if line, err = s.r.ReadSlice('\n'); err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		k, v, _ := bytes.Cut(line, []byte{':'})
		v = bytes.TrimSpace(v)
		switch {
		case fold(k, "content-length"):
			length, err = strconv.Atoi(string(v))
		case fold(k, "transfer-encoding"):
			chunked = true
		case fold(k, "connection"):
			last = last || fold(v, "close")
		}
		if err != nil {
			return 0, err
		}
	}
	if err := s.readBody(length, chunked); err != nil {
		return 0, err
	}
	if last {
		s.close()
	}
	return status, nil
}

func fold(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

func (s *sqsConn) readBody(length int, chunked bool) error {
	s.body = s.body[:0]
	for chunked {
		line, err := s.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if err := s.more(int(n)); err != nil {
			return err
		}
		if _, err := s.r.Discard(2); err != nil || n == 0 {
			return err
		}
	}
	return s.more(length)
}

// more appends n bytes to the body.
func (s *sqsConn) more(n int) error {
	const most = 64 << 20
	if n < 0 || n > most {
		return errors.New("the answer's length is malformed")
	}
	at := len(s.body)
	if cap(s.body) < at+n {
		s.body = append(make([]byte, 0, 2*(at+n)), s.body...)
	}
	s.body = s.body[:at+n]
	_, err := io.ReadFull(s.r, s.body[at:])
	return err
}

// A signer signs as Signature Version 4 wants it.
type signer struct {
	region, service string

	day   string // UTC; the rest is that day's
	scope string
	mac   hash.Hash
	text  []byte
}

func newSigner(region, service string) signer { return signer{region: region, service: service} }

// begin is for a day's first request.
func (s *signer) begin(day string) {
	key := []byte("AWS4" + secretKey)
	for _, part := range []string{day, s.region, s.service, "aws4_request"} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	s.day, s.scope, s.mac = day, day+"/"+s.region+"/"+s.service+"/aws4_request", hmac.New(sha256.New, key)
}

// request appends a whole signed request to b.
func (s *signer) request(b []byte, host, action string, body []byte) []byte {
	const headers = "content-type;host;x-amz-date;x-amz-target"
	var date [16]byte
	time.Now().UTC().AppendFormat(date[:0], "20060102T150405Z")
	if day := date[:8]; s.day != string(day) {
		s.begin(string(day))
	}
	hashed := sha256.Sum256(body)
	t := append(s.text[:0], "POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:"...)
	t = append(append(append(append(t, host...), "\nx-amz-date:"...), date[:]...), "\nx-amz-target:AmazonSQS."...)
	t = append(append(t, action...), "\n\n"+headers+"\n"...)
	t = hex.AppendEncode(t, hashed[:])
	hashed = sha256.Sum256(t)
	t = append(append(t[:0], "AWS4-HMAC-SHA256\n"...), date[:]...)
	t = append(append(append(t, '\n'), s.scope...), '\n')
	t = hex.AppendEncode(t, hashed[:])
	s.mac.Reset()
	s.mac.Write(t)
	s.text = s.mac.Sum(t[:0])

	b = append(append(b, "POST / HTTP/1.1\r\nHost: "...), host...)
	b = append(append(b, "\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS."...), action...)
	b = append(append(b, "\r\nX-Amz-Date: "...), date[:]...)
	b = append(append(b, "\r\nAuthorization: AWS4-HMAC-SHA256 Credential="+accessKey+"/"...), s.scope...)
	b = hex.AppendEncode(append(b, ", SignedHeaders="+headers+", Signature="...), s.text)
	b = strconv.AppendInt(append(b, "\r\nContent-Length: "...), int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}
