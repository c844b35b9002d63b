package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// A client that runs over midnight signs with the new day's key.
func TestSignerOverMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSigner("us-east-1", "sqs")
		for range 3 {
			fresh := newSigner("us-east-1", "sqs")
			got, want := s.request(nil, "localhost", "ListQueues", []byte("{}")), fresh.request(nil, "localhost", "ListQueues", []byte("{}"))
			if day := time.Now().UTC().Format("20060102"); !bytes.Equal(got, want) || !bytes.Contains(got, []byte("Credential="+accessKey+"/"+day+"/us-east-1/sqs/aws4_request")) {
				t.Errorf("%s\n%s\n%s", day, got, want)
			}
			time.Sleep(13 * time.Hour)
		}
	})
}
