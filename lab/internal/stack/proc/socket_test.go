package proc

import (
	"net"
	"sync"
	"sync/atomic"
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
	port := uint16(listener.Addr().(*net.TCPAddr).Port)
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

// A program that serves one client at a time never has two, however quickly they follow each other.
func TestClientsAreOfOneMoment(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var working sync.WaitGroup
	working.Go(func() {
		for {
			server, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = server.Read(make([]byte, 1)) // until the client goes
			_ = server.Close()
		}
	})
	address := listener.Addr().String()
	var stopped atomic.Bool
	for range 8 {
		working.Go(func() {
			for !stopped.Load() {
				if client, err := net.Dial("tcp4", address); err == nil {
					time.Sleep(time.Millisecond)
					_ = client.Close()
				}
			}
		})
	}
	port := uint16(listener.Addr().(*net.TCPAddr).Port)
	var seen int
	for range 300 {
		accepted, _, err := Clients(port)
		if err != nil {
			t.Fatal(err)
		}
		if accepted > 1 {
			t.Errorf("%d clients of a program that serves one", accepted)
		}
		seen += accepted
	}
	stopped.Store(true)
	_ = listener.Close()
	working.Wait()
	if seen == 0 {
		t.Error("no client was ever seen")
	}
}
