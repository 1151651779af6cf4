//go:build services

package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		http.DefaultClient.CloseIdleConnections()
		os.Exit(code)
	}))
}

const checkout = "../../../.."

func tools(t *testing.T) toolchain.Set {
	t.Helper()
	set, err := toolchain.Setup(t.Context(), checkout, toolchain.Options{Services: service.Programs()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// startPrometheus starts a real one on the data in dir, which scrapes the targets each
// second: job → address.
func startPrometheus(t *testing.T, dir string, targets map[string]string) (*Reader, string) {
	t.Helper()
	var config strings.Builder
	config.WriteString(
		"global: {scrape_interval: 1s, scrape_timeout: 1s, scrape_native_histograms: true}\nscrape_configs:\n",
	)
	for job, addr := range targets {
		fmt.Fprintf(&config, "  - {job_name: %s, static_configs: [{targets: ['%s']}]}\n", job, addr)
	}
	path := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(path, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	url := "http://" + addr
	server, err := proc.Start(proc.Spec{
		Name: "prometheus", Path: tools(t).Path("prometheus"), Log: filepath.Join(t.TempDir(), "prometheus.log"),
		Args: []string{"--config.file=" + path, "--storage.tsdb.path=" + dir, "--storage.tsdb.retention.time=100y",
			"--web.listen-address=" + addr, "--web.enable-remote-write-receiver", "--log.level=warn"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(server.Tail(20))
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := server.Await(ctx, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/-/ready", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	reader, err := New(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	return reader, url
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
