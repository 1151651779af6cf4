package proc

import (
	"fmt"

	"github.com/prometheus/procfs"
)

// established is the state of a TCP connection in /proc/net/tcp (include/net/tcp_states.h).
const established = 1

// Clients counts the connections over IPv4 to a listening port of this machine: those that its program has accepted,
// and those that wait in the socket's queue to be. Only an accepted connection has an inode
// (https://docs.kernel.org/networking/proc_net_tcp.html).
func Clients(port uint64) (accepted, waiting int, err error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, 0, fmt.Errorf("count clients of port %d: %w", port, err)
	}
	sockets, err := fs.NetTCP()
	if err != nil {
		return 0, 0, fmt.Errorf("count clients of port %d: %w", port, err)
	}
	for _, s := range sockets {
		switch {
		case s.St != established || s.LocalPort != port:
		case s.Inode == 0:
			waiting++
		default:
			accepted++
		}
	}
	return accepted, waiting, nil
}
