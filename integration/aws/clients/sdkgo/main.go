package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/slipwaymq/slipway/integration/internal/whole"
)

type request struct {
	N           int
	Service, Op string
	In          json.RawMessage
	Pages       bool
}

type answer struct {
	N         int    `json:"n"`
	Out       any    `json:"out,omitempty"`
	Error     string `json:"error,omitempty"`
	Exception string `json:"exception,omitempty"`
	Code      string `json:"code,omitempty"`
	Status    int    `json:"status,omitempty"`
}

func main() {
	clients := connect()
	out := json.NewEncoder(os.Stdout)
	var mu sync.Mutex // guards out
	var all sync.WaitGroup
	lines := bufio.NewReader(os.Stdin)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		all.Go(func() {
			a := serve(clients, text)
			mu.Lock()
			defer mu.Unlock()
			if err := out.Encode(a); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	all.Wait()
}

func connect() map[string]any {
	endpoint, region := aws.String(os.Getenv("AWS_ENDPOINT_URL")), os.Getenv("AWS_REGION")
	who := credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), "")
	return map[string]any{
		"sqs": sqs.New(sqs.Options{BaseEndpoint: endpoint, Region: region, Credentials: who, RetryMaxAttempts: 1, HTTPClient: &whole.Client{}}),
		"sns": sns.New(sns.Options{BaseEndpoint: endpoint, Region: region, Credentials: who, RetryMaxAttempts: 1, HTTPClient: &whole.Client{}}),
	}
}

func serve(clients map[string]any, text []byte) answer {
	var r request
	if err := json.Unmarshal(text, &r); err != nil {
		return answer{Error: err.Error()}
	}
	out, err := call(clients[r.Service], r)
	if err != nil {
		return refused(r.N, err)
	}
	return answer{N: r.N, Out: out}
}

// call calls the method that the operation names, or goes through its pages.
func call(client any, r request) (any, error) {
	if r.Pages {
		return pages(client, r)
	}
	method := reflect.ValueOf(client).MethodByName(r.Op)
	if !method.IsValid() {
		return nil, fmt.Errorf("no operation %s", r.Op)
	}
	in := reflect.New(method.Type().In(1).Elem())
	if err := decode(r.In, in.Interface()); err != nil {
		return nil, err
	}
	result := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
	if err, _ := result[1].Interface().(error); err != nil {
		return nil, err
	}
	return members(result[0].Interface())
}

func decode(text []byte, in any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(in)
}

// members is what an output has, without the SDK's own.
func members(output any) (map[string]any, error) {
	text, err := json.Marshal(output)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	delete(m, "ResultMetadata")
	return m, nil
}

// refused tells what class of error it is and what the service said.
func refused(n int, err error) answer {
	a := answer{N: n, Error: err.Error()}
	var said smithy.APIError
	if errors.As(err, &said) {
		a.Error, a.Code = said.ErrorMessage(), said.ErrorCode()
		a.Exception = reflect.TypeOf(said).Elem().Name()
	}
	var status interface{ HTTPStatusCode() int }
	if errors.As(err, &status) {
		a.Status = status.HTTPStatusCode()
	}
	return a
}
