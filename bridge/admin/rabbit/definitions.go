package rabbit

import (
	"maps"
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
)

func (s *Service) exportAll(w http.ResponseWriter, r *request) error {
	out := s.heading()
	var vhosts []row
	for _, ns := range s.seen(r.caller) {
		vhosts = append(vhosts, row{"name": vhostOf(ns)})
	}
	out["vhosts"] = vhosts
	out["users"], out["permissions"], out["topic_permissions"] = s.exportedUsers(r.caller)
	out["parameters"], out["global_parameters"] = s.exportedParameters(r), []row{{"name": "cluster_name", "value": nodeName}}
	exported(out, r.caller, true, s.seen(r.caller)...)
	return download(w, r, out)
}

func (s *Service) exportedParameters(r *request) []row {
	all := []row{}
	for ns, q := range s.limited(r) {
		all = append(all, parameterRow(ns, q))
	}
	return all
}

// exportedUsers are those who were made here, with what they log in with, and
// their permissions: for who may make users. What the configuration says of users
// is not for an import to say.
func (s *Service) exportedUsers(caller *core.Principal) (users, permissions, topics []row) {
	users, permissions, topics = []row{}, []row{}, []row{}
	if !IsAdministrator(caller) || s.cfg.Access == nil {
		return users, permissions, topics
	}
	for _, acc := range s.cfg.Access.Accounts() {
		x := row{"name": acc.Name, "password_hash": "", "hashing_algorithm": "", "tags": append([]string{}, acc.Tags...), "limits": with(nil, acc.Quotas)}
		if acc.PasswordHash != "" {
			x["hashing_algorithm"], x["password_hash"] = s.cfg.Passwords.Export(acc.PasswordHash)
		}
		users = append(users, x)
		for _, ns := range slices.Sorted(maps.Keys(acc.Permissions)) {
			permissions = append(permissions, permissionRow(acc.Name, ns, acc.Permissions[ns]))
		}
		topics = append(topics, topicsOf(&acc)...)
	}
	return users, permissions, topics
}

func (s *Service) exportOne(w http.ResponseWriter, r *request) error {
	out := row{"rabbit_version": compatible, "parameters": s.exportedParameters(r)}
	exported(out, r.caller, false, r.ns)
	return download(w, r, out)
}

func download(w http.ResponseWriter, r *request, out row) error {
	if name := r.URL.Query().Get("download"); name != "" {
		w.Header().Set("Content-Disposition", "attachment; filename=definitions.json")
	}
	return answer(w, http.StatusOK, out)
}

func (s *Service) heading() row {
	return row{"rabbit_version": compatible, "rabbitmq_version": compatible, "product_name": "Slipway", "product_version": s.cfg.Version}
}

// exported adds what can be declared again: what is exclusive, generated or
// everywhere is not among it.
func exported(out row, who *core.Principal, named bool, of ...*core.Namespace) {
	queues, exchanges, bindings, policies := []row{}, []row{}, []row{}, []row{}
	add := func(to *[]row, x row, columns ...string) {
		if named {
			columns = append(columns, "vhost")
		}
		y := row{}
		for _, c := range columns {
			y[c] = x[c]
		}
		*to = append(*to, y)
	}
	for _, ns := range of {
		for _, q := range ns.Queues("", false) {
			if x := queueRow(q); x["exclusive"] == false {
				add(&queues, x, "name", "durable", "auto_delete", "arguments")
			}
		}
		for _, x := range ns.Exchanges() {
			if !x.Builtin() {
				add(&exchanges, exchangeRow(x), "name", "type", "durable", "auto_delete", "internal", "arguments")
			}
		}
		for e := range edges(who, ns) {
			if e.binding != nil && (e.binding.Queue == nil || !e.binding.Queue.Hidden()) {
				add(&bindings, e.row(), "source", "destination", "destination_type", "routing_key", "arguments")
			}
		}
		for x := range policyRows(ns) {
			add(&policies, x, "vhost", "name", "pattern", "apply-to", "definition", "priority")
		}
	}
	out["queues"], out["exchanges"], out["bindings"], out["policies"] = queues, exchanges, bindings, policies
}
