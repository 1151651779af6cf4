package daemon

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"stormwave/lab/internal/service"
)

// The kernel takes connections for a supervisor that is suspended; nobody answers.
func TestASilentSupervisorIsNotWaitedFor(t *testing.T) {
	dir, err := os.MkdirTemp("", "silent") // short, for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	layout := service.Layout{Lab: dir, Sockets: dir}
	listener, err := net.Listen("unix", layout.Control())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c := NewClient(layout)
	c.answer, c.order = 50*time.Millisecond, 50*time.Millisecond
	for name, ask := range map[string]func() error{
		"status": func() error { _, err := c.Status(t.Context()); return err },
		"order":  func() error { return c.Quiesce(t.Context()) },
	} {
		asked := make(chan error, 1)
		go func() { asked <- ask() }()
		select {
		case err := <-asked:
			if !errors.Is(err, errSilent) {
				t.Errorf("%s: %v; want that it is silent", name, err)
			}
		case <-time.After(5 * time.Second):
			_ = listener.Close() // ends the wait
			<-asked
			t.Errorf("%s: waits for ever", name)
		}
	}
}
