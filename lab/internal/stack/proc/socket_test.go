package proc

import (
	"net"
	"testing"
	"time"
)

// Two of three clients are accepted; the third waits in the socket's queue.
func TestClientsOfAPort(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for range 3 {
		client, err := net.Dial("tcp4", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
	}
	for range 2 {
		server, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = server.Close() }()
	}
	port := uint64(listener.Addr().(*net.TCPAddr).Port)
	var accepted, waiting int
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until) && (accepted != 2 || waiting != 1); {
		if accepted, waiting, err = Clients(port); err != nil {
			t.Fatal(err)
		}
	}
	if accepted != 2 || waiting != 1 {
		t.Errorf("%d clients are accepted and %d wait, want 2 and 1", accepted, waiting)
	}
}
