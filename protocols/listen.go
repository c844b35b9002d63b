package protocols

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Listen opens a TCP listener for the named protocol. Its errors are for the
// person who starts the program: they name the protocol, the address and, for
// the common causes, what to do.
func Listen(protocol, addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s cannot listen on %s: another program uses this port; stop it or configure another address (%w)", protocol, addr, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s cannot listen on %s: no permission for this port; ports below 1024 need a privilege (%w)", protocol, addr, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s cannot listen on %s: this machine has no such address (%w)", protocol, addr, err)
	}
	return nil, fmt.Errorf("%s cannot listen on %s: %w", protocol, addr, err)
}
