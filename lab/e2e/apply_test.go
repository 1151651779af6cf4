//go:build e2e

package e2e

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/backends"
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
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "max_connections": "many"`) {
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
		read, err := c.client().Apply(ctx, service.Catalog(backends.Default()).Defaults(), cpus)
		must(t, err)
		for name, list := range service.Catalog(backends.Default()).CPUs(cpus) {
			if got := read.Values[matrix.CPUsPrefix+name]; got != list {
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
	effective, err := c.applyWithin(ctx, matrix.Settings{setting: value})
	if err != nil || effective[setting] != value {
		c.t.Fatalf("%s is %q, %v; want %q", setting, effective[setting], err, value)
	}
}

// Whatever postgresql.conf, pgbouncer.ini and the environment take, a spec takes, and it is read back as the programs
// understand it.
func TestValuesAreReadBackAsTheProgramsUnderstandThem(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for _, asked := range []matrix.Settings{
		{
			"postgres.work_mem": "8192kB", "postgres.effective_cache_size": "3145728kB", "postgres.jit": "false",
			"postgres.random_page_cost": "1.10", "postgres.wal_buffers": "-1", "postgres.wal_level": "REPLICA",
			"postgres.max_connections": "0x64", "postgres.autovacuum_multixact_freeze_max_age": "5e8", // takes a restart to go
		},
		{
			"postgres.work_mem": "8192", "postgres.checkpoint_timeout": "900", "postgres.synchronous_commit": "true",
			"postgres.autovacuum": "yes", "postgres.wal_compression": "on", "postgres.datestyle": "iso, dmy",
			"postgres.max_connections": "1e2",
		},
		{
			"postgres.checkpoint_timeout": "900s", "postgres.autovacuum_naptime": "60", "postgres.synchronous_commit": "ON",
			"postgres.max_wal_size": "4GB", "postgres.vacuum_cost_delay": "500us", "postgres.auto_explain.log_nested": "on",
			"postgres.log_connections": "true", // of sessions that begin: those of the lab have begun
			// Of a TCP connection: the lab's own has none, and the kernel takes less of the last.
			"postgres.tcp_keepalives_idle": "2min", "postgres.tcp_user_timeout": "9999",
			"postgres.tcp_keepalives_count": "300",
		},
		{
			matrix.Topology: "pgbouncer", matrix.ExecMode: matrix.ExecAuto, "pgbouncer.pool_mode": "Transaction",
			"pgbouncer.server_fast_close": "1", "pgbouncer.query_wait_timeout": "120.0",
		},
		{"app.GOMAXPROCS": "1", "app.GOGC": "off", "app.GOMEMLIMIT": "24MiB", "app.COLOUR": "red"},
	} {
		all := service.Catalog(backends.Default()).Defaults()
		maps.Copy(all, asked)
		read, err := c.client().Apply(ctx, all, nil)
		must(t, err)
		for name, value := range asked {
			if got := read.Values[name]; got != value && !slices.Contains(read.Same, name) {
				t.Errorf("%s is %q; want %q in whatever spelling (not confirmed: %v)", name, got, value, read.Unconfirmed)
			}
		}
	}
}

// A cell that PostgreSQL does not start with is told in the server's own words, and the next one has its settings.
func TestCellThatCannotStartIsToldInTheServersWords(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	for _, tt := range []struct{ name, value, words string }{
		{"postgres.wal_level", "minimal", "requires wal_level"},
		{"postgres.max_connections", "3", "must be less than max_connections"},
		{"postgres.huge_pages", "on", "FATAL:  could not map anonymous shared memory"},
		{"postgres.work_mem", "8mb", `FATAL:  invalid value for parameter "work_mem": "8mb"`},
	} {
		before := c.status()
		err := c.apply(matrix.Settings{tt.name: tt.value})
		if err == nil || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s = %s: %v; want it to say %s", tt.name, tt.value, err, tt.words)
		}
		c.reach("postgres.max_connections", "80")
		if tt.name == "postgres.huge_pages" {
			continue // a start alone tells
		}
		for i, svc := range c.status().Services {
			if (svc.Name == service.Primary || svc.Name == service.Replica) && before.Services[i].PID != svc.PID &&
				tt.name != "postgres.wal_level" { // the first: max_connections were others
				t.Errorf("%s = %s: %s was started anew", tt.name, tt.value, svc.Name)
			}
		}
	}
}

// A standby whose slot is lost could never follow again: it is made anew, while the next cell is applied.
func TestStandbyWhoseSlotIsLostIsMadeAnew(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	c.kill(service.Replica, 0)
	ask := func(sql string) string { return strings.TrimSpace(c.lab("psql", "primary", "--", "-Atc", sql)) }
	ask("ALTER SYSTEM SET max_slot_wal_keep_size = '32MB'")
	ask("SELECT pg_reload_conf()")
	for range 12 {
		ask("CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 20000); DROP TABLE filler")
		ask("SELECT pg_switch_wal()")
	}
	ask("CHECKPOINT")
	if got := ask("SELECT wal_status FROM pg_replication_slots"); got != "lost" {
		t.Fatalf("the slot is %s; want it lost", got)
	}
	ask("ALTER SYSTEM RESET max_slot_wal_keep_size")
	c.reach("postgres.max_connections", "80")
	if got := ask("SELECT state FROM pg_stat_replication WHERE application_name = 'replica'"); got != "streaming" {
		t.Errorf("replication is %q; want streaming", got)
	}
}

// A standby that is behind on purpose is waited for as long as it is meant to be behind.
func TestDelayedStandby(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	c.reach("postgres.recovery_min_apply_delay", "2s")
	c.reach("postgres.max_connections", "80")
}

// What a cell sets for all sessions does not end, delay or refuse the lab's own, and is read back as all others have
// it.
func TestCellsDoNotReachTheLabsOwnSessions(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	for _, tt := range []struct{ name, value, own string }{
		{"default_transaction_isolation", "serializable", "read committed"}, // of which a standby has none
		{"default_transaction_deferrable", "on", "off"},
		{"idle_session_timeout", "50ms", "0"},
		{"search_path", "nowhere", "lab, public"},
		{"post_auth_delay", "1s", "0"},
		{"synchronous_commit", "remote_apply", "local"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		read, err := c.applyWithin(ctx, matrix.Settings{matrix.PostgresPrefix + tt.name: tt.value})
		cancel()
		if got := read[matrix.PostgresPrefix+tt.name]; err != nil || got != tt.value {
			t.Errorf("%s = %s: read back as %q, %v", tt.name, tt.value, got, err)
			continue
		}
		if own := strings.TrimSpace(c.lab("psql", "replica", "--", "-Atc", "SHOW "+tt.name)); own != tt.own {
			t.Errorf("%s is %s for the lab itself; want %s", tt.name, own, tt.own)
		}
	}
}
