package stack

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// Ports are drawn from below the range that the kernel gives to outgoing
// connections: a thousand virtual users would else take the port of a service
// while it restarts.
const lowestPort = 15000

// freePorts returns one free loopback port for each name.
func freePorts(names ...string) (map[string]string, error) {
	ports := make(map[string]string, len(names))
	ceiling := ephemeralFloor()
	for _, name := range names {
		listener, err := listenBelow(ceiling)
		if err != nil {
			return nil, fmt.Errorf("find a free port for %s: %w", name, err)
		}
		// Held until all are drawn, so that no two names get the same.
		defer func() { _ = listener.Close() }()
		ports[name] = listener.Addr().String()
	}
	return ports, nil
}

func listenBelow(ceiling int) (net.Listener, error) {
	var last error
	for range 200 {
		port := lowestPort + rand.IntN(ceiling-lowestPort)
		listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return listener, nil
		}
		last = err
	}
	return nil, fmt.Errorf("none of 200 ports between %d and %d is free: %w", lowestPort, ceiling, last)
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

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
