package mqtt

import "github.com/slipwaymq/slipway/core"

// mayWill says whether the user who left a will, by what he is now, may still
// publish it: when his connection ends, which for that he may not would publish
// it, when its delay is over, and after a restart. Who only has another password
// is the same user.
func (h *Handler) mayWill(s *core.Session, w *core.Will) bool {
	user := s.Attributes()[attrUser]
	if user == "" || h.cfg.Access == nil { // anonymous, or everybody may do everything
		return true
	}
	if who, ok := h.cfg.Access.ByIdentity(user); ok {
		who = who.In(s.Namespace().Name())
		if who != nil {
			who = who.ForClient(s.ID())
		}
		if who.MayQueue(core.Write, w.To.Name) && w.To.Kind == core.ToQueue ||
			who.MayPath(core.Write, w.To.Name) && w.To.Kind == core.ToTopic {
			return true
		}
	}
	h.cfg.Log.Warn("a will is dropped: its user may no longer publish it", "user", user, "client", s.ID(), "topic", w.To.Name)
	return false
}
