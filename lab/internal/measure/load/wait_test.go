//go:build services

package load

import (
	"net"
	"net/http/httptest"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// narrow is a listener whose queue holds two connections, and drops who else asks. It
// accepts one, and no other before it is opened.
type narrow struct {
	net.Listener
	first  sync.Once
	open   chan struct{}
	closed chan struct{}
	end    sync.Once
}

func newNarrow(t *testing.T) *narrow {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "narrow")
	defer func() { _ = file.Close() }()
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	listener, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	return &narrow{Listener: listener, open: make(chan struct{}), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (n *narrow) Accept() (net.Conn, error) {
	free := false
	n.first.Do(func() { free = true })
	if !free {
		select {
		case <-n.open:
		case <-n.closed:
		}
	}
	return n.Listener.Accept()
}

// Close implements net.Listener.
func (n *narrow) Close() error {
	n.end.Do(func() { close(n.closed) })
	return n.Listener.Close()
}

// behind serves the backend behind the listener as well.
func (n *narrow) behind(t *testing.T, b *fakeBackend) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(b.Config.Handler)
	_ = server.Listener.Close()
	server.Listener = n
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// Nobody gets a connection, and so k6's own duration is 0. The clients wait all the same.
func TestAWaitWithoutAConnectionIsTimed(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.healthy = true
	cfg := trialWith(t, "storm", 0.02, b, map[string]string{"HTTP_TIMEOUT": "2s"})
	cfg.BaseURL = newNarrow(t).behind(t, b)
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l := got.Load
	if l.Requests < 500 || l.Status["0"] != l.Requests || l.Failed != l.Requests || *l.Slow != l.Requests {
		t.Errorf("%d requests, %v, %d failed, %d slow; want none answered, and all slow",
			l.Requests, l.Status, l.Failed, *l.Slow)
	}
	if l.Latency.P50 < 1990 || l.Latency.P50 > 4000 || l.OKLatency != nil || l.GoodputRPS != 0 {
		t.Errorf("latency %+v, of successes %+v, goodput %g; want the two seconds that each has waited",
			l.Latency, l.OKLatency, l.GoodputRPS)
	}
}

// The server begins to accept when all have asked for a connection. What they ask then is
// answered at once, but a good while after they wanted it.
func TestTheWaitForAConnectionIsPartOfTheLatency(t *testing.T) {
	b := newBackend(t)
	b.healthy = true
	// Few, so that those who ask again for a place in the queue, by TCP a second later, get one.
	cfg := trialWith(t, "storm", 0.06, b, map[string]string{"USERS": "0.03"})
	gate := newNarrow(t)
	cfg.BaseURL = gate.behind(t, b)
	cfg.Started = func(int) {
		go func() {
			<-b.ready
			time.AfterFunc(800*time.Millisecond, func() { close(gate.open) })
		}()
	}
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l := got.Load
	if l.Failed != 0 || l.Requests != b.status["200"] {
		t.Errorf("%d requests, %d failed; the backend counted %v", l.Requests, l.Failed, b.status)
	}
	// The rise takes 480 ms: the first request of each VU has waited for 320 ms at least.
	if *l.Slow < l.VUsMax*9/10 || l.OKLatency.P95 < 320 || l.OKLatency.Max < 800 {
		t.Errorf("%d of %d requests of %d VUs were slow, latency %+v; want the first of each",
			*l.Slow, l.Requests, l.VUsMax, *l.OKLatency)
	}
	if good := int64(l.GoodputRPS*cfg.Script.Nominal.Seconds() + 0.5); good != l.Requests-*l.Slow {
		t.Errorf("%d good requests of %d, %d of them slow", good, l.Requests, *l.Slow)
	}
}
