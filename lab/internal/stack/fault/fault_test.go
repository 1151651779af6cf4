package fault

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers what it is sent.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

// run runs a helper until the test ends.
func run(t *testing.T, helper func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- helper(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the helper does not end with its context")
		}
	}
	t.Cleanup(stop)
	return stop
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// dial connects as soon as somebody listens.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			return conn
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestProxyDelaysBothWays(t *testing.T) {
	const delay = 40 * time.Millisecond
	addr, target := freeAddr(t), echo(t)
	run(t, func(ctx context.Context) error { return Proxy(ctx, addr, target, delay) })
	conn := dial(t, addr)
	for range 3 {
		began := time.Now()
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 2*delay {
			t.Errorf("there and back in %s, want at least %s", took, 2*delay)
		}
	}
}

func TestProxyKeepsOrderAndLosesNothing(t *testing.T) {
	addr, target := freeAddr(t), echo(t)
	stop := run(t, func(ctx context.Context) error { return Proxy(ctx, addr, target, 5*time.Millisecond) })
	conn := dial(t, addr)
	sent := make([]byte, 4<<20)
	_, _ = rand.Read(sent)
	go func() { _, _ = conn.Write(sent) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Error("what comes back is not what was sent")
	}
	stop() // with a connection that is open
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlives the proxy")
	}
}

func TestProxyWithoutATargetHangsUp(t *testing.T) {
	addr, target := freeAddr(t), freeAddr(t)
	run(t, func(ctx context.Context) error { return Proxy(ctx, addr, target, time.Millisecond) })
	conn := dial(t, addr)
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the connection to be closed", err)
	}
}

func TestHogUsesTheCPU(t *testing.T) {
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			t.Fatal(err)
		}
		return time.Duration(r.Utime.Nano())
	}
	before := used()
	stop := run(t, func(ctx context.Context) error { return Hog(ctx, 1) })
	deadline := time.Now().Add(10 * time.Second)
	for used()-before < 100*time.Millisecond && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if got := used() - before; got < 100*time.Millisecond {
		t.Errorf("it used %s of CPU", got)
	}
}

// cached counts the pages of a file that the system holds in memory.
func cached(t *testing.T, path string, size int) int {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	data, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(data) }()
	pages := make([]byte, (size+os.Getpagesize()-1)/os.Getpagesize())
	if _, _, errno := unix.Syscall(
		unix.SYS_MINCORE, uintptr(unsafe.Pointer(&data[0])), uintptr(size), uintptr(unsafe.Pointer(&pages[0])),
	); errno != 0 {
		t.Fatal(errno)
	}
	n := 0
	for _, p := range pages {
		n += int(p & 1)
	}
	return n
}

func TestEvictDropsFilesFromTheCache(t *testing.T) {
	// Beside the sources: the usual place for temporary files may itself be in memory.
	dir, err := os.MkdirTemp(".", "evict-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	const size = 4 << 20
	path := filepath.Join(dir, "sub", "file")
	content := bytes.Repeat([]byte("stormwave "), size/10+1)[:size]
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Sync(); err != nil { // what is not written yet cannot be dropped
		t.Fatal(err)
	}
	_ = file.Close()
	if before := cached(t, path, size); before == 0 {
		t.Fatal("the file is not in the cache to begin with")
	}
	stop := run(t, func(ctx context.Context) error { return Evict(ctx, dir) })
	deadline := time.Now().Add(5 * time.Second)
	for cached(t, path, size) > 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	if left := cached(t, path, size); left > 0 {
		t.Errorf("%d pages are still in the cache", left)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file is not what it was: %v", err)
	}
}
