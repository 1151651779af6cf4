package proc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Of the kernel's answers about sockets (include/uapi/linux/inet_diag.h, sock_diag(7)).
const (
	established  = 1  // the state of a TCP connection (include/net/tcp_states.h)
	sourceAtMost = 3  // INET_DIAG_BC_S_LE: the local port is at most the next operation's
	sourceFrom   = 2  // INET_DIAG_BC_S_GE
	onlyThose    = 1  // INET_DIAG_REQ_BYTECODE: the attribute with a program that lets pass
	cookieAt     = 44 // bytes of it before the socket's own number
	answerLength = 72 // bytes of struct inet_diag_msg, with the inode last
)

// Clients counts the connections over IPv4 to a listening port of this machine: those that its program has accepted,
// and those that wait in the socket's queue to be. One walk over the kernel's sockets takes a while: it may see a
// connection that ends, and its successor. Those that two walks see were all there at the moment between them.
func Clients(port uint16) (accepted, waiting int, err error) {
	before, err := clients(port)
	if err != nil {
		return 0, 0, fmt.Errorf("count clients of port %d: %w", port, err)
	}
	after, err := clients(port)
	if err != nil {
		return 0, 0, fmt.Errorf("count clients of port %d: %w", port, err)
	}
	for c := range after {
		switch {
		case !before[c]:
		case c.accepted:
			accepted++
		default:
			waiting++
		}
	}
	return accepted, waiting, nil
}

// client is a connection by the kernel's own number of its socket.
type client struct {
	cookie   uint64
	accepted bool
}

// clients are those that one walk sees. Only an accepted connection has an inode.
func clients(port uint16) (map[client]bool, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	limit := unix.NsecToTimeval(time.Second.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return nil, err
	}
	if err := unix.Sendto(fd, askFor(port), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	seen := make(map[client]bool)
	buffer := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err != nil {
			return nil, err
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			switch {
			case m.Header.Type == unix.NLMSG_DONE:
				return seen, nil
			case m.Header.Type == unix.NLMSG_ERROR || len(m.Data) < answerLength:
				return nil, errors.New("the kernel does not tell of its sockets")
			}
			seen[client{
				cookie:   binary.NativeEndian.Uint64(m.Data[cookieAt:]),
				accepted: binary.NativeEndian.Uint32(m.Data[answerLength-4:]) != 0,
			}] = true
		}
	}
}

// askFor is the request for the established connections of a local port: the message's head, struct inet_diag_req_v2,
// and a program that lets pass what has the port.
func askFor(port uint16) []byte {
	const (
		operation = 4             // bytes of one
		program   = 4 * operation // two comparisons, a port behind each
		beyond    = program + 4   // where a jump to it says no
		attribute = program + 4   // with its head
		socket    = 4 + 4 + 48    // family, protocol, what besides; states; which socket: any
		whole     = unix.NLMSG_HDRLEN + socket + attribute
	)
	b := make([]byte, 0, whole)
	b = binary.NativeEndian.AppendUint32(b, whole)
	b = binary.NativeEndian.AppendUint16(b, unix.SOCK_DIAG_BY_FAMILY)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = append(b, make([]byte, 8)...) // sequence and port: there is one question
	b = append(b, unix.AF_INET, unix.IPPROTO_TCP, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, 1<<established)
	b = append(b, make([]byte, 48)...)
	b = binary.NativeEndian.AppendUint16(b, attribute)
	b = binary.NativeEndian.AppendUint16(b, onlyThose)
	for i, comparison := range []byte{sourceFrom, sourceAtMost} {
		b = append(b, comparison, 2*operation)
		b = binary.NativeEndian.AppendUint16(b, uint16(beyond-i*2*operation))
		b = append(b, 0, 0)
		b = binary.NativeEndian.AppendUint16(b, port)
	}
	return b
}
