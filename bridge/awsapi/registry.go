package awsapi

import (
	"context"
	"fmt"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// Handler answers one operation. ctx ends when the client goes away, which
// nobody looks for before its first Done. A nil output is an empty one. An error that is no *Error is logged by the edge and answered
// as an internal failure; so the handler does not log it.
type Handler[I, O any] func(ctx context.Context, c *Call, in *I) (*O, error)

// Registry is the dispatch table: service and operation -> handler. It is filled
// before the edge serves and never changed after.
type Registry struct {
	services []*wire.Service
	actions  map[string]map[string]*action // service name -> operation
}

// action is one row; run is nil for an operation that has no handler.
type action struct {
	service *wire.Service
	name    string
	result  string
	run     func(ctx context.Context, c *Call, d decoder) (wire.Output, error)
}

// decoder fills an input from the request's own form and checks it.
type decoder func(in wire.Input) *wire.Error

// NewRegistry knows the operations of the given services, none of them handled.
func NewRegistry(services ...*wire.Service) *Registry {
	r := &Registry{services: services, actions: map[string]map[string]*action{}}
	for _, s := range services {
		ops := make(map[string]*action, len(s.Operations))
		for _, name := range s.Operations {
			ops[name] = &action{service: s, name: name}
		}
		r.actions[s.Name] = ops
	}
	return r
}

// Handle registers the handler of an operation:
//
//	awsapi.Handle(reg, sqsapi.SendMessage, s.sendMessage)
//
// It panics when the service is not in the registry or the operation has a handler
// already: both are mistakes of the program.
func Handle[I, O any](r *Registry, op *wire.Op[I, O], h Handler[I, O]) {
	a, ok := r.actions[op.Service.Name][op.Name]
	if !ok || a.run != nil {
		panic(fmt.Sprintf("awsapi: %s %s is unknown or registered twice", op.Service.Name, op.Name))
	}
	a.result = op.Result
	a.run = func(ctx context.Context, c *Call, decode decoder) (wire.Output, error) {
		in := new(I)
		if err := decode(op.In(in)); err != nil {
			return nil, err
		}
		out, err := h(ctx, c, in)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = new(O)
		}
		return op.Out(out), nil
	}
}

// Handled lists the operations of a service that have a handler, in model order.
func (r *Registry) Handled(s *wire.Service) []string {
	var out []string
	for _, name := range s.Operations {
		if r.actions[s.Name][name].run != nil {
			out = append(out, name)
		}
	}
	return out
}
