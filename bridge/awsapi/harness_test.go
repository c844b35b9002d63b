package awsapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/stsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// operation is one row of the generated table, without its types.
type operation struct {
	service *wire.Service
	name    string
	newIn   func() wire.Input
	newOut  func() wire.Output
	// handle registers a handler that shows f its input and a reply to fill.
	handle func(reg *awsapi.Registry, f func(c *awsapi.Call, in, out any) error)
}

func row[I, O any](op *wire.Op[I, O]) operation {
	return operation{
		service: op.Service, name: op.Name,
		newIn:  func() wire.Input { return op.In(new(I)) },
		newOut: func() wire.Output { return op.Out(new(O)) },
		handle: func(reg *awsapi.Registry, f func(c *awsapi.Call, in, out any) error) {
			awsapi.Handle(reg, op, func(_ context.Context, c *awsapi.Call, in *I) (*O, error) {
				out := new(O)
				return out, f(c, in, out)
			})
		},
	}
}

func newRegistry() *awsapi.Registry {
	return awsapi.NewRegistry(sqsapi.Service, snsapi.Service, stsapi.Service)
}

// config is an edge's configuration for tests, with fixed request ids and no log.
func config(reg *awsapi.Registry) awsapi.Config {
	return awsapi.Config{
		Registry: reg, Account: "000000000000", Region: "us-east-1",
		Log:          slog.New(slog.DiscardHandler),
		NewRequestID: func() string { return "00000000-0000-4000-8000-000000000000" },
	}
}

// serve starts a real server of an edge on loopback.
func serve(t *testing.T, cfg awsapi.Config) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = awsapi.NewServer(awsapi.New(cfg), cfg.Log)
	srv.Listener = awsapi.Listener(srv.Listener)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

// do sends one request to an edge without a network.
func do(t testing.TB, cfg awsapi.Config, r *http.Request) (int, http.Header, string) {
	t.Helper()
	res := handle(awsapi.New(cfg), r)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

func handle(edge *awsapi.Edge, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	edge.ServeHTTP(w, r)
	return w.Result()
}

func jsonRequest(target, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", target)
	return r
}

func queryRequest(path, form string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// fill gives every member the value that the SDK's snapshots give it, in our types
// and in the SDK's.
func fill(v any) { fillValue(reflect.ValueOf(v).Elem(), "") }

var someTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// special are members that a limit or an enum holds to other values.
var special = map[string]string{"OneTimePassword": "123456"}

func fillValue(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		s := "__" + name + "__"
		if x, ok := special[name]; ok {
			s = x
		}
		v.SetString(s)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(v.Elem(), name)
	case reflect.Slice:
		fillSlice(v, name)
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fillValue(e, "Value")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key0").Convert(v.Type().Key()), e)
	case reflect.Struct:
		fillStruct(v, name)
	default:
		panic("fill: " + v.Type().String())
	}
}

func fillSlice(v reflect.Value, name string) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte("blob"))
		return
	}
	if strings.HasPrefix(v.Type().Name(), "Map[") {
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		v.Index(0).Field(0).SetString("key0")
		fillValue(v.Index(0).Field(1), "Value")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 2, 2))
	for i := range 2 {
		fillValue(v.Index(i), "Member")
		if (name == "AttributeNames" || name == "MessageSystemAttributeNames") && v.Index(i).Kind() == reflect.String {
			v.Index(i).SetString("All")
		}
	}
}

func fillStruct(v reflect.Value, name string) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(someTime))
		return
	}
	if strings.HasPrefix(v.Type().Name(), "Opt[") {
		fillValue(v.Field(0), name)
		v.Field(1).SetBool(true)
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && f.Name != "ResultMetadata" {
			fillValue(v.Field(i), f.Name)
		}
	}
}
