package stack

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Ports are drawn from below the range that the kernel gives to outgoing
// connections: a thousand virtual users would else take the port of a service
// while it restarts.
const lowestPort = 15000

// freePorts returns one free loopback port for each name, none of which another lab
// gets as long as this process lives: a service listens on its port only later, and not
// while it is down.
func freePorts(names ...string) (map[string]string, error) {
	ports := make(map[string]string, len(names))
	ceiling := ephemeralFloor()
	for _, name := range names {
		addr, err := drawPort(lowestPort, ceiling)
		if err != nil {
			return nil, fmt.Errorf("find a free port for %s: %w", name, err)
		}
		ports[name] = addr
	}
	return ports, nil
}

func drawPort(lowest, ceiling int) (addr string, err error) {
	for range 200 {
		port := lowest + rand.IntN(ceiling-lowest)
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if err = claimPort(port); err != nil {
			continue
		}
		var listener net.Listener
		if listener, err = net.Listen("tcp4", addr); err == nil {
			return addr, listener.Close()
		}
	}
	return "", fmt.Errorf("none of 200 ports between %d and %d is free: %w", lowest, ceiling, err)
}

// claimPort keeps other labs from a port, until this process ends: by the name of a
// socket in Linux' abstract namespace, which is the machine's as its ports are, and needs
// no file. Nobody can connect to it, for it does not listen.
func claimPort(port int) error {
	claim, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("claim port %d: %w", port, err)
	}
	if err := unix.Bind(claim, &unix.SockaddrUnix{Name: fmt.Sprintf("@stormwave/port/%d", port)}); err != nil {
		_ = unix.Close(claim)
		return fmt.Errorf("claim port %d: %w", port, err)
	}
	return nil
}

func ephemeralFloor() int {
	const usual = 32768
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil || low <= lowestPort+1000 {
		return usual
	}
	return low
}
