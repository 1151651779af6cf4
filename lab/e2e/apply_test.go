//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/proc"
)

// applyUntil gives the stack the settings, and goes away as soon as a service is not ready.
func (c *checkout) applyUntil(service string, settings matrix.Settings) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := c.applyWithin(ctx, settings)
		ended <- err
	}()
	client := c.client()
	for ready := true; ready; {
		select {
		case err := <-ended:
			c.t.Fatalf("%s was never stopped: %v", service, err)
		default:
		}
		st, err := client.Status(ctx)
		must(c.t, err)
		ready = slices.ContainsFunc(st.Services, func(s stack.ServiceStatus) bool { return s.Name == service && s.Ready })
	}
	cancel()
	if err := <-ended; err == nil {
		c.t.Fatalf("the Apply was not cut off at %s", service)
	}
}

// Whoever asks for a cell and goes away leaves servers behind that have some of it. The next
// cell is reached all the same, also one whose standby needs another order of restarts.
func TestApplyThatIsCutOffIsMadeUpFor(t *testing.T) {
	t.Parallel()
	const maxConnections = "postgres.max_connections"
	c := newCheckout(t)
	c.lab("up")
	for _, tt := range []struct{ from, cutOff, at, dies, to string }{
		{"100", "150", service.Replica, "", "150"},
		{"100", "150", service.Primary, "", "120"},
		{"200", "50", service.Primary, service.Replica, "50"},
		{"200", "50", service.Primary, "", "150"},
		{"200", "50", service.Replica, "", "50"},
	} {
		must(t, c.apply(matrix.Settings{maxConnections: tt.from}))
		c.applyUntil(tt.at, matrix.Settings{maxConnections: tt.cutOff})
		if tt.dies != "" {
			c.kill(tt.dies, 0)
		}
		c.reach(maxConnections, tt.to)
	}
	// PostgreSQL does not start with it: its standby would get no WAL.
	if err := c.apply(matrix.Settings{"postgres.wal_level": "minimal"}); err == nil {
		t.Error("PostgreSQL has started without WAL for its standby")
	}
	c.reach(maxConnections, "80")
	err := c.apply(matrix.Settings{maxConnections: "many"})
	if err == nil || !strings.Contains(err.Error(), "max_connections = many") {
		t.Errorf("many connections: %v; want them refused", err)
	}
	c.kill(service.Primary, 0)
	c.reach(maxConnections, "80")
}

// Every service is where a spec pins it, by its own name or that of both servers, and comes back from there.
func TestServicesRunOnTheirCPUs(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	all, err := proc.CPUs()
	must(t, err)
	one, _, _ := strings.Cut(strings.ReplaceAll(all, "-", ","), ",")
	for _, cpus := range []matrix.CPUs{
		{"postgres": one, "app": one, "pgbouncer": one, "prometheus": one, "node-exporter": one},
		{"replica": one, "pgbouncer-exporter": one},
	} {
		attested, err := c.client().Apply(ctx, matrix.Defaults(), cpus)
		must(t, err)
		for name, list := range service.Catalog().CPUs(cpus) {
			if got := attested[matrix.CPUsPrefix+name]; got != list {
				t.Errorf("with %v %s runs on %q; want %s", cpus, name, got, list)
			}
		}
	}
	st, err := c.client().Status(ctx)
	must(t, err)
	for _, svc := range st.Services {
		want := all
		if svc.Name == "replica" || svc.Name == "pgbouncer-exporter" {
			want = one
		}
		if got, ok := proc.Affinity(svc.PID); !ok || !proc.SameCPUs(got, want) {
			t.Errorf("%s runs on %q; want %s", svc.Name, got, want)
		}
	}
}

// reach gives the stack a setting, and reads it back from both servers.
func (c *checkout) reach(setting, value string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	attested, err := c.applyWithin(ctx, matrix.Settings{setting: value})
	if err != nil || attested[setting] != value {
		c.t.Fatalf("%s is %q, %v; want %q", setting, attested[setting], err, value)
	}
}
