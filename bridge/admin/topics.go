package admin

import (
	"net/http"
	"time"

	"github.com/slipwaymq/slipway/core"
)

type topicRow struct {
	Path    string    `json:"path"`
	Alias   string    `json:"snsName"`
	Created time.Time `json:"created"`
}

type topicList struct {
	Topics []topicRow `json:"topics"`
	Next   string     `json:"next,omitempty"`
}

// topics lists what was created, configured or exposed, not every path that
// traffic touched.
func (s *Service) topics(w http.ResponseWriter, r *request) error {
	after, list := r.URL.Query().Get("after"), topicList{Topics: []topicRow{}}
	for _, t := range r.ns.Topics() {
		if t.Path() <= after || !r.who.MayPath(core.Read, t.Path()) {
			continue
		}
		if len(list.Topics) == page {
			list.Next = list.Topics[page-1].Path
			break
		}
		list.Topics = append(list.Topics, topicRow{t.Path(), s.cfg.Names.Topic(r.ns, t.Path()), time.UnixMilli(t.CreatedAt()).UTC()})
	}
	return answer(w, http.StatusOK, list)
}
