package protocols

import "log/slog"

// maxLogged bounds what the log shows of a name that a client chose, in bytes.
const maxLogged = 128

// LoginRefused is why a connection ends whose client did not prove who it is. The
// operator is told who it said it is: all that tells which device has a wrong
// password.
type LoginRefused struct {
	Client string // what the client calls itself; "" for nothing
	User   string // the user it would be
	Err    error  // why not
}

func (l *LoginRefused) Error() string { return "login refused: " + l.Err.Error() }

func (l *LoginRefused) Unwrap() error { return l.Err }

// Log writes the line, a warning.
func (l *LoginRefused) Log(log *slog.Logger, protocol, remote string) {
	log.Warn("login refused", "protocol", protocol, "remote", remote, "client", Clip(l.Client), "user", Clip(l.User), "error", l.Err)
}

// Clip is s for the log.
func Clip(s string) string {
	if len(s) > maxLogged {
		return s[:maxLogged] + "..."
	}
	return s
}
