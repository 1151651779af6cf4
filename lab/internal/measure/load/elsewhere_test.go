//go:build services

package load

import (
	"os"
	"strings"
	"testing"
)

// Nothing is started for a target that is not this machine.
func TestRunRefusesAnotherMachine(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	cfg := trial(t, "storm", 0.01, b)
	cfg.BaseURL = "http://192.0.2.7:80"
	cfg.Started = func(int) { t.Error("k6 was started") }
	if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "nothing was sent there") {
		t.Errorf("got %v, want it refused", err)
	}
	if _, err := os.Stat(cfg.Log); !os.IsNotExist(err) {
		t.Errorf("k6 has a log: %v", err)
	}
}

// An answer that sends the load elsewhere is not followed there: k6 itself refuses.
func TestLoadIsNotLedElsewhere(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.elsewhere = "http://192.0.2.7:80/api/feed"
	cfg := trial(t, "storm", 0.02, b)
	// A redirect is no answer of the backend's: the summary knows no such status.
	if got, err := Run(t.Context(), cfg); err == nil && got.Load.Failed != got.Load.Requests {
		t.Errorf("%d of %d requests failed, want all", got.Load.Failed, got.Load.Requests)
	}
	refused(t, cfg)
}

// Nor is the warm-up.
func TestWarmIsNotLedElsewhere(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.elsewhere = "http://192.0.2.7:80/api/feed"
	cfg := trial(t, "storm", 0.02, b)
	const want = "the warm-up was turned away: none of "
	if note, err := Warm(t.Context(), cfg); !strings.HasPrefix(note, want) || err != nil {
		t.Errorf("Warm = %q, %v; want %q", note, err, want)
	}
	refused(t, cfg)
}

// refused fails unless k6 says that it refused the address.
func refused(t *testing.T, cfg Config) {
	t.Helper()
	log, err := os.ReadFile(cfg.Log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "192.0.2.7) is in a blacklisted range") {
		t.Errorf("k6 does not say that it refused the address:\n%.2000s", log)
	}
}
