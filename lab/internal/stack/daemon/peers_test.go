package daemon

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ask sends a request over a socket whose listener lets in whom may says.
func ask(t *testing.T, may func(uid uint32) bool) (answer string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	letIn := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") }
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(letIn)}
	served := make(chan error)
	go func() { served <- server.Serve(peers{listener, may}) }()
	defer func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		}}}
	resp, err := client.Get("http://lab/")
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// The account of the peer is what the kernel says: this test's own.
func TestTheControlSocketAsksWhoConnects(t *testing.T) {
	me := uint32(os.Geteuid())
	if got, err := ask(t, mayControl); err != nil || got != "in" {
		t.Errorf("the supervisor's own account gets %q, %v; want in", got, err)
	}
	if got, err := ask(t, func(uid uint32) bool { return uid != me }); err == nil {
		t.Errorf("another account gets %q; want its connection closed", got)
	}
}

func TestWhoMayControl(t *testing.T) {
	me := uint32(os.Geteuid())
	for uid, want := range map[uint32]bool{0: true, me: true, me + 1: false, 65534: me == 65534, ^uint32(0): false} {
		if got := mayControl(uid); got != want {
			t.Errorf("mayControl(%d) = %t; want %t", uid, got, want)
		}
	}
}
