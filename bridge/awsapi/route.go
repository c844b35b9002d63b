package awsapi

import (
	"net/http"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// errNoAction is the answer to a request that names no action: recorded from AWS
// as this body, in XML whatever Accept says.
var errNoAction = wire.MissingAction.New("The request names no action.")

// route finds the action and fills in the call.
func (t *turn) route() (*action, error) {
	cred := credentialOf(t.r)
	t.place(cred)
	var a *action
	var err error
	if t.call.Protocol == JSON {
		a, err = t.routeJSON(cred)
	} else {
		a, err = t.routeQuery(cred)
	}
	if err != nil {
		return nil, err
	}
	t.call.Operation = a.name
	return a, nil
}

// place says where the call is: account, region, and the host as the client named it.
func (t *turn) place(cred credential) {
	cfg := &t.edge.cfg
	t.call.Account, t.call.Region = cfg.Account, cfg.Region
	if isAccount(cred.AccessKeyID) {
		t.call.Account = cred.AccessKeyID
	}
	if cred.Region != "" {
		t.call.Region = cred.Region
	}
	t.call.BaseURL = cfg.ExternalURL
	if t.call.BaseURL != "" {
		return
	}
	t.call.BaseURL = "http://" + t.r.Host
	if t.r.TLS != nil {
		t.call.BaseURL = "https://" + t.r.Host
	}
}

// routeJSON reads X-Amz-Target: AmazonSQS.SendMessage.
func (t *turn) routeJSON(cred credential) (*action, error) {
	prefix, name, _ := strings.Cut(t.r.Header.Get("X-Amz-Target"), ".")
	for _, s := range t.edge.cfg.Registry.services {
		if s.TargetPrefix == "" || s.TargetPrefix != prefix {
			continue
		}
		t.call.Service = s
		if a, ok := t.edge.cfg.Registry.actions[s.Name][name]; ok {
			return a, nil
		}
		return nil, unknownAction(name)
	}
	if err := t.edge.elsewhere(cred.Service); err != nil {
		return nil, err
	}
	return nil, unknownAction(name)
}

// routeQuery reads Action and Version from the form, the query string, or both.
func (t *turn) routeQuery(cred credential) (*action, error) {
	q, werr := wire.ParseQuery(t.form(), t.r.URL.RawQuery)
	if werr != nil {
		return nil, werr
	}
	t.query = q
	name, _ := q.Get("Action")
	version, _ := q.Get("Version")
	s, err := t.pickService(version, cred.Service, name)
	if err != nil {
		return nil, err
	}
	t.call.Service = s
	if name == "" {
		return nil, errNoAction
	}
	a, ok := t.edge.cfg.Registry.actions[s.Name][name]
	if !ok {
		return nil, unknownAction(name)
	}
	if s.PathParam != "" && len(t.r.URL.Path) > 1 {
		q.Default(s.PathParam, t.r.URL.Path)
	}
	return a, nil
}

// form is the body when it is a form. Old clients send none or odd content types.
func (t *turn) form() string {
	if t.r.Method != http.MethodPost {
		return ""
	}
	return t.text()
}

// pickService decides by the API version, which differs between the services; else
// by the credential scope; else by the action, where just one service has it; else
// a path that is a queue's is SQS's.
func (t *turn) pickService(version, scope, name string) (*wire.Service, error) {
	reg := t.edge.cfg.Registry
	for _, s := range reg.services {
		if version != "" && s.Version == version {
			return s, nil
		}
	}
	for _, s := range reg.services {
		if scope != "" && s.SigningName == scope {
			return s, nil
		}
	}
	if err := t.edge.elsewhere(scope); err != nil {
		return nil, err
	}
	if version != "" {
		return nil, wire.NoSuchVersion.Newf("The requested version ( %.40s ) is not valid.", version)
	}
	var found *wire.Service
	for _, s := range reg.services {
		switch _, ok := reg.actions[s.Name][name]; {
		case !ok && !(s.PathParam != "" && len(t.r.URL.Path) > 1):
		case found != nil:
			return nil, wire.NoSuchVersion.New("Several services have this action: the request needs its Version")
		default:
			found = s
		}
	}
	switch {
	case found != nil:
		return found, nil
	case name == "":
		return nil, errNoAction
	}
	return nil, unknownAction(name)
}

// elsewhere answers a request that is signed for a service which is not here: who
// comes from an emulator of all of AWS has set one endpoint for them all.
func (e *Edge) elsewhere(scope string) error {
	var here []string
	for _, s := range e.cfg.Registry.services {
		if scope == "" || s.SigningName == scope {
			return nil
		}
		here = append(here, s.Name)
	}
	return wire.UnknownOperation.Newf("The request is for the service %.40s, and this endpoint has %s only.", scope, strings.Join(here, ", "))
}

func unknownAction(name string) *Error {
	return wire.UnknownOperation.Newf("The action %.100s is not valid for this endpoint.", name)
}

// notProvided answers an action of the model that nobody handles.
func notProvided(a *action) *Error {
	return wire.NotProvided.Newf("Slipway does not provide %s %s.", a.service.Name, a.name)
}
