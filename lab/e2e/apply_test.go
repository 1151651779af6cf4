//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack"
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
		{"100", "150", stack.Replica, "", "150"},
		{"100", "150", stack.Primary, "", "120"},
		{"200", "50", stack.Primary, stack.Replica, "50"},
		{"200", "50", stack.Primary, "", "150"},
		{"200", "50", stack.Replica, "", "50"},
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
	c.kill(stack.Primary, 0)
	c.reach(maxConnections, "80")
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
