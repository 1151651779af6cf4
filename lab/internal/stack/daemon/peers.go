package daemon

import (
	"fmt"
	"log/slog"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// peers lets only connections of known accounts through: the socket's mode says so
// already, but a mode can be changed, and what the kernel says of the peer cannot.
type peers struct {
	net.Listener
	may func(uid uint32) bool
}

// mayControl is true for the account of the supervisor, and for root.
func mayControl(uid uint32) bool { return uid == 0 || uid == uint32(os.Geteuid()) }

// Accept implements net.Listener.
func (p peers) Accept() (net.Conn, error) {
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerOf(conn)
		if err == nil && p.may(uid) {
			return conn, nil
		}
		slog.Warn("refuse a client of the control socket", "uid", uid, "err", err)
		_ = conn.Close()
	}
}

// peerOf returns the account of the process that has connected.
func peerOf(conn net.Conn) (uid uint32, err error) {
	const nobody = ^uint32(0)
	local, ok := conn.(*net.UnixConn)
	if !ok {
		return nobody, fmt.Errorf("read the peer's account: %T is no Unix socket", conn)
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return nobody, fmt.Errorf("read the peer's account: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return nobody, fmt.Errorf("read the peer's account: %w", err)
	}
	if credErr != nil {
		return nobody, fmt.Errorf("read the peer's account: %w", credErr)
	}
	return cred.Uid, nil
}
